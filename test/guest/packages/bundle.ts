/** Packages from npm as an author would bundle them into the one file of a service. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { type InputOptions, type OutputOptions, rolldown } from "rolldown";

type More = Pick<InputOptions, "resolve" | "treeshake">;

/** One ES module of all that the source imports, except `solo:service`. */
export const bundle = (source: string): Promise<string> => build(source, { format: "esm" }, {});

/** Instead, the source of a function `make`, each call of which evaluates it all anew and returns what it exports. */
export async function bundleAnew(source: string, more: More): Promise<string> {
  const code = await build(source, { format: "iife", name: "made" }, more);
  return `function make() {\n${code}\nreturn made;\n}`;
}

async function build(source: string, how: OutputOptions, more: More): Promise<string> {
  return inFolder(async (folder) => {
    const input = join(folder, "service.ts");
    writeFileSync(input, source);
    const made = await rolldown({
      input,
      external: ["solo:service"],
      platform: "browser",
      onLog: (_level, log) => {
        if (log.code === "UNRESOLVED_IMPORT") throw new Error(log.message);
      },
      ...more,
    });
    const { output } = await made.generate({ ...how, codeSplitting: false });
    await made.close();
    return output[0].code;
  });
}

/** What a module exports that is bundled already, here in Node. */
export async function load<T>(code: string): Promise<T> {
  return inFolder(async (folder) => {
    const path = join(folder, "module.mjs");
    writeFileSync(path, code);
    return (await import(pathToFileURL(path).href)) as T;
  });
}

/** In the repository, so that packages are found as a project of an author would find them. */
async function inFolder<T>(work: (folder: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(import.meta.dirname, ".bundle-"));
  try {
    return await work(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
