/** A service's source on the disk: its bytes, its format and the name it suggests. */
import { readFileSync, statSync } from "node:fs";
import { basename } from "node:path";
import { CodeFormat } from "../api/index.ts";
import { limits, parseServiceId } from "../base/index.ts";
import { parseFormatOption } from "./enums.ts";
import { exitCodes } from "./exit-codes.ts";
import { Halt, type Place, usageHalt } from "./halt.ts";
import { excerptOf } from "./output/halt.ts";
import { sayBytes } from "./output/say.ts";

export interface Source {
  /** As the user wrote it. */
  readonly path: string;
  readonly name: string;
  readonly format: CodeFormat;
  readonly code: Uint8Array;
}

export function readSource(path: string, given: { readonly name?: string; readonly format?: string }): Source {
  const name = given.name ?? nameOf(path);
  if (parseServiceId(name) === undefined) {
    throw usageHalt(`${name} cannot be the name of a service.`, "Give one with --name: 1-128 of a-z A-Z 0-9 _ -");
  }
  const format = given.format === undefined ? formatOf(path) : parseFormatOption(given.format);
  return { path, name, format, code: readCode(path) };
}

/** `services/counter.ts` → `counter`; `my.service.mts` → `my-service`. */
export const nameOf = (path: string): string =>
  basename(path)
    .replace(/\.[^.]*$/, "")
    .replaceAll(".", "-");

const formats: Readonly<Record<string, CodeFormat>> = {
  ts: CodeFormat.TYPESCRIPT_SOURCE,
  mts: CodeFormat.TYPESCRIPT_SOURCE,
  js: CodeFormat.JAVASCRIPT_BUNDLE,
  mjs: CodeFormat.JAVASCRIPT_BUNDLE,
  wasm: CodeFormat.WASM_MODULE,
};

export function formatOf(path: string): CodeFormat {
  const extension = /\.([^./]+)$/.exec(path)?.[1] ?? "";
  return formats[extension] ?? CodeFormat.EXTERNAL_BINARY;
}

function readCode(path: string): Uint8Array {
  try {
    const { size } = statSync(path);
    if (size > limits.sourceBytesMax) {
      throw new Halt({
        code: "TOO_LARGE",
        exit: exitCodes.refused,
        message: `${path} is ${sayBytes(size)}; the limit is ${sayBytes(limits.sourceBytesMax)}.`,
        remedy: "Deploy a smaller source.",
      });
    }
    return readFileSync(path);
  } catch (error) {
    if (error instanceof Halt) throw error;
    throw new Halt({
      code: "FILE_UNREADABLE",
      exit: exitCodes.notFound,
      message: `${path} cannot be read: ${error instanceof Error ? error.message : String(error)}`,
      remedy: "Check the name of the file.",
    });
  }
}

/** Diagnostics with the user's name of the file, and its lines where Solo sent none. */
export function placesIn(source: Source, places: readonly Place[]): readonly Place[] {
  return places.map(({ severity, message, line, column, excerpt }) => {
    const lines = excerpt === "" ? excerptOf(new TextDecoder().decode(source.code), { line, column }) : excerpt;
    return { severity, message, file: source.path, line, column, excerpt: lines };
  });
}
