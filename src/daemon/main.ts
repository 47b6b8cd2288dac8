/**
 * The kernel's process entry: where its ambient authority (clock, command line, exit) begins and ends. Started by init.
 */
import { flushCompileCache } from "node:module";
import process from "node:process";
import { isRefusal, remedy, say } from "../base/index.ts";
import { makeLogWriter } from "../store/index.ts";
import { kernelRefusedExitCode } from "../wire/index.ts";
import { InitChannel } from "./init-channel.ts";
import { Kernel } from "./kernel.ts";
import { parseOptions } from "./options.ts";

function note(text: string): void {
  process.stderr.write(`kernel: ${text}\n`);
}

function die(why: string): never {
  note(why);
  process.exit(1);
}

process.on("uncaughtException", (error) => die(error.stack ?? error.message));
process.on("unhandledRejection", (reason) =>
  die(reason instanceof Error ? (reason.stack ?? reason.message) : String(reason)),
);
// init ends the kernel in order; a signal meant for the terminal's whole group must not forestall it.
process.on("SIGINT", () => undefined);
process.on("SIGTERM", () => undefined);

const options = parseOptions(process.argv.slice(2));
const init = new InitChannel();
const writer = makeLogWriter();
// A process that is killed never writes its compile cache, and the next start would pay for it. Writing it holds up the event
// loop for a quarter of a second, where it was empty: so an heir does it, for whom nobody waits.
if (options.heir) flushCompileCache();
// An heir waits here, for long.
const begin = await init.begun;
// init ends a kernel that says nothing for long.
setInterval(() => init.send({ type: "beat" }), 1_000).unref();
process.title = `solo: kernel, epoch ${begin.epoch}`;
const began = performance.now();
const kernel = await Kernel.boot({ options, begin, init, writer, note, die, leave: () => process.exit(0) });
if (isRefusal(kernel)) {
  process.stderr.write(`${say(kernel)} ${remedy(kernel)}\n`);
  process.exit(kernelRefusedExitCode);
}
init.send({ type: "ready", recoveredMs: Math.round(performance.now() - began) });
