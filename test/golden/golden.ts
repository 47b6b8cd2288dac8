/** Goldens: what is agreed, kept as files. UPDATE_GOLDEN=1 writes them anew; the change is then read in review. */
import assert from "node:assert/strict";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import process from "node:process";

export const isUpdating = process.env["UPDATE_GOLDEN"] === "1";

const fileOf = (name: string): URL => new URL(name, import.meta.url);

/** What was agreed; undefined where nothing was yet. */
export const agreed = (name: string): unknown =>
  existsSync(fileOf(name)) ? JSON.parse(readFileSync(fileOf(name), "utf8")) : undefined;

export function write(name: string, value: unknown): void {
  writeFileSync(fileOf(name), `${JSON.stringify(value, undefined, 2)}\n`);
}

/** Holds a value to the golden of this name. */
export function expectGolden(name: string, value: unknown): void {
  if (isUpdating) write(name, value);
  assert.deepEqual(
    JSON.parse(JSON.stringify(value)),
    agreed(name),
    `it differs from test/golden/${name}; if that is meant, write it anew with UPDATE_GOLDEN=1`,
  );
}
