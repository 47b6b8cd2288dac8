/** `solo help exit-codes`: what scripts may rely on. */
import type { Command } from "commander";
import { exitCodeMeanings, startExitCodeMeanings } from "./exit-codes.ts";

export function addExitCodesHelp(program: Command): void {
  const topic = program
    .command("exit-codes", { hidden: true })
    .helpOption(false)
    .action(() => topic.outputHelp());
  topic.configureHelp({ formatHelp: () => `${sayExitCodes()}\n` });
}

const line = ([code, meaning]: readonly [number, string]): string => `  ${String(code).padStart(3)}  ${meaning}`;

const sayExitCodes = (): string =>
  [
    "Exit codes of solo:",
    "",
    ...exitCodeMeanings.map(line),
    "",
    "Exit codes of `solo start` in the foreground:",
    "",
    ...startExitCodeMeanings.map(line),
    "",
    'With --json the same number stands in the error: {"error": {"code": …, "exitCode": …, "message": …, "remedy": …}}.',
  ].join("\n");
