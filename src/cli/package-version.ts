import { readFileSync } from "node:fs";

/** The version of this package. */
export function readVersion(): string {
  const parsed = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8")) as unknown;
  return typeof parsed === "object" && parsed !== null && "version" in parsed ? String(parsed.version) : "unknown";
}
