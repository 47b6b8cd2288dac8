/**
 * Asks V8 itself whether it would take a module: it sees what the transform lets pass (an invalid regular expression, a
 * decorator), and which modules the code would really import. The code is parsed, never run.
 */
import vm from "node:vm";
import { insist } from "../base/index.ts";

export type EngineVerdict =
  | { readonly taken: true; readonly imports: readonly string[] }
  | { readonly taken: false; readonly problem: string };

/** Needs the flag --experimental-vm-modules. */
export function askEngine(file: string, code: string): EngineVerdict {
  insist("SourceTextModule" in vm, "the builder runs with --experimental-vm-modules");
  try {
    const module = new vm.SourceTextModule(code, { identifier: file });
    return { taken: true, imports: module.moduleRequests.map(({ specifier }) => specifier) };
  } catch (error) {
    // V8's answer to foreign code; there is nothing else here that could throw.
    return { taken: false, problem: error instanceof Error ? error.message : String(error) };
  }
}
