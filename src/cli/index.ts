/**
 * cli: ASKS and SHOWS. The command `solo`: one file per verb in commands/, what they share in output/. It knows Solo only
 * through the client; `solo start` starts init as a program. Everything that a guest wrote is printed as text, never as
 * terminal commands, and whatever happens, `--json` prints JSON.
 */
export { run } from "./program.ts";
export { exitCodes } from "./exit-codes.ts";
