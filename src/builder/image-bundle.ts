/** Bundles cell and prelude into an image's folder and copies the native engine beside them. Loads the bundler. */
import { copyFileSync, existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { type OutputChunk, type Plugin, rolldown } from "rolldown";
import { imageFiles } from "../wire/index.ts";
import { constantsIn } from "./image-constants.ts";
import { findEngine, type ImageSources } from "./image-sources.ts";

export async function bundleImage(sources: ImageSources, into: string): Promise<void> {
  copyFileSync(findEnginePrebuild(), join(into, imageFiles.engine));
  // One after the other: while one still writes, the folder of a failed image cannot be removed.
  await bundleCell(sources.cell, into);
  await bundlePrelude(sources.prelude, into);
  await bundleParts(sources.parts ?? {}, into);
}

/** The engine that npm delivered prebuilt for exactly this Node, processor and C library. */
function findEnginePrebuild(): string {
  const { root } = findEngine();
  const abi = `isolated-vm.abi${process.versions.modules}`;
  const name = process.platform === "linux" ? `${abi}.${cLibrary()}.node` : `${abi}.node`;
  const path = join(root, "prebuilds", `${process.platform}-${process.arch}`, name);
  if (!existsSync(path)) throw new Error(`isolated-vm has no prebuilt engine for this machine: ${path} is missing`);
  return path;
}

function cLibrary(): "glibc" | "musl" {
  const { header } = process.report.getReport() as {
    readonly header: { readonly glibcVersionRuntime?: string };
  };
  return header.glibcVersionRuntime === undefined ? "musl" : "glibc";
}

/** `isolated-vm` looks for its engine through a package that searches the disk; in an image there is one, beside us. */
const engineBesideCell: Plugin = {
  name: "engine-beside-cell",
  resolveId(source) {
    if (source === "isolated-vm") return "\0engine";
    if (source === `./${imageFiles.engine}`) return { id: source, external: true };
    return null;
  },
  load(id) {
    return id === "\0engine" ? `module.exports = require("./${imageFiles.engine}").ivm;` : null;
  },
};

async function bundleCell(entry: string, into: string): Promise<void> {
  const bundle = await rolldown({
    input: entry,
    platform: "node",
    external: /^node:/,
    plugins: [engineBesideCell],
    onLog: refuseUnresolved,
  });
  const { output } = await bundle.write({
    file: join(into, imageFiles.cell),
    format: "cjs",
    codeSplitting: false,
    comments: false,
  });
  await bundle.close();
  const stray = importsOf(output).filter((name) => !name.startsWith("node:") && name !== `./${imageFiles.engine}`);
  if (stray.length > 0) throw new Error(`the cell's bundle would import ${stray.join(", ")}`);
}

async function bundlePrelude(entry: string, into: string): Promise<void> {
  // What the prelude does not use of base and wire must not be in every isolate, nor need what an isolate lacks.
  const treeshake = {
    moduleSideEffects: false,
    propertyReadSideEffects: false as const,
    manualPureFunctions: ["record", "union", "oneOf", "text", "whole", "optional"],
  };
  const plugins = [constantsIn(entry)];
  const bundle = await rolldown({ input: entry, platform: "neutral", treeshake, plugins, onLog: refuseUnresolved });
  const { output } = await bundle.write({
    file: join(into, imageFiles.prelude),
    format: "iife",
    codeSplitting: false,
    comments: false,
    minify: true,
  });
  await bundle.close();
  const stray = importsOf(output);
  if (stray.length > 0) throw new Error(`the prelude would import ${stray.join(", ")}: an isolate has no modules`);
}

/** Each part is an expression: a function that evaluates it and gives its exports. */
async function bundleParts(parts: Readonly<Record<string, string>>, into: string): Promise<void> {
  const codes: Record<string, string> = {};
  for (const [name, input] of Object.entries(parts)) {
    codes[name] = await bundlePart(input);
  }
  writeFileSync(join(into, imageFiles.parts), JSON.stringify(codes));
}

async function bundlePart(input: string): Promise<string> {
  const resolve = { mainFields: ["module", "main"] };
  const bundle = await rolldown({ input, platform: "neutral", resolve, onLog: refuseUnresolved });
  const { output } = await bundle.generate({
    format: "iife",
    name: "part",
    codeSplitting: false,
    comments: false,
    minify: true,
  });
  await bundle.close();
  const stray = importsOf(output);
  if (stray.length > 0) throw new Error(`${input} would import ${stray.join(", ")}: an isolate has no modules`);
  const [code] = output.flatMap((part) => (part.type === "chunk" ? [part.code] : []));
  return `(()=>{${absentClass}${code ?? ""};return part})`;
}

/** A package may ask whether something is a SharedArrayBuffer, which an isolate lacks: nothing is one. */
const absentClass =
  "class SharedArrayBuffer{get byteLength(){throw new TypeError()}get growable(){throw new TypeError()}}";

function importsOf(output: readonly (OutputChunk | { readonly type: "asset" })[]): readonly string[] {
  return output.flatMap((part) => (part.type === "chunk" ? [...part.imports, ...part.dynamicImports] : []));
}

function refuseUnresolved(_level: string, log: { readonly code?: string; readonly message: string }): void {
  if (log.code === "UNRESOLVED_IMPORT") throw new Error(log.message);
}
