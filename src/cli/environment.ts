/** A service's environment from `--env NAME=value` and `--env-file`; the command line wins. */
import { readFileSync } from "node:fs";
import { parseEnv } from "node:util";
import { exitCodes } from "./exit-codes.ts";
import { Halt, usageHalt } from "./halt.ts";

export function readEnvironment(pairs: readonly string[], file: string | undefined): Record<string, string> {
  const environment: Record<string, string> = file === undefined ? {} : readFile(file);
  for (const pair of pairs) {
    const at = pair.indexOf("=");
    if (at < 1) throw usageHalt(`--env ${pair} has no value.`, "Write --env NAME=value.");
    environment[pair.slice(0, at)] = pair.slice(at + 1);
  }
  return environment;
}

function readFile(file: string): Record<string, string> {
  try {
    const parsed = Object.entries(parseEnv(readFileSync(file, "utf8")));
    return Object.fromEntries(parsed.map(([name, value]) => [name, value ?? ""]));
  } catch (error) {
    throw new Halt({
      code: "FILE_UNREADABLE",
      exit: exitCodes.notFound,
      message: `${file} cannot be read: ${error instanceof Error ? error.message : String(error)}`,
      remedy: "Check the name of the file.",
    });
  }
}
