/** The program `solo`: its verbs, the options that all of them take, and the one place where trouble is caught and shown. */
import { homedir } from "node:os";
import { join, resolve } from "node:path";
import { Command, CommanderError } from "commander";
import type { SoloClient } from "../client/index.ts";
import { type Body, type Context, type GlobalOptions, type Role, type Runner, parseDuration } from "./command.ts";
import { addVerbs } from "./commands/index.ts";
import { type ExitCode, exitCodes } from "./exit-codes.ts";
import { addExitCodesHelp } from "./exit-codes-help.ts";
import { makeOutput, type Stream } from "./output/output.ts";
import { renderHalt } from "./output/halt.ts";
import { wantsColour } from "./output/paint.ts";
import { readVersion } from "./package-version.ts";
import { Halt, haltJson, usageHalt } from "./halt.ts";

/** What the process gives the program. */
export interface Rim {
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly stdout: Stream;
  readonly stderr: Stream;
  readonly signal: AbortSignal;
  readonly now: () => Date;
}

/** Runs one command line to its end; never throws. */
export async function run(rim: Rim): Promise<ExitCode> {
  let ended: ExitCode = exitCodes.ok;
  const runner: Runner =
    (body) =>
    async (...given) => {
      ended = await runBody(rim, body, given);
    };
  try {
    const program = await makeProgram(rim, runner, verbIn(rim.args));
    await program.parseAsync([...rim.args], { from: "user" });
    // A stream that was broken off ends like any other; the command says that it was.
    return interruptionCode(rim.signal) ?? ended;
  } catch (error) {
    return showHalt(rim, await haltOf(error));
  }
}

/** `verb`: the one whose options are needed; "every" for all of them. */
export async function makeProgram(
  rim: Pick<Rim, "env" | "stdout" | "stderr">,
  runner: Runner,
  verb: string | undefined,
): Promise<Command> {
  const program = new Command("solo")
    .description(
      "Solo: a user-level operating system for LLM agents. Deploys, jails, supervises, meters and audits services.",
    )
    .usage("VERB [arguments] [options]")
    .version(readVersion(), "-V, --version", "print the version of solo")
    .option("--json", "print JSON: one document, or one line for each item of a stream; errors too", false)
    .option("--data-dir <dir>", "where Solo keeps everything (default: $SOLO_DATA_DIR, else ~/.solo)")
    .option("--as <name>", "which identity of the profile to use: admin, or a tenant's id")
    .option("--tenant <id>", "act for this tenant (as an administrator)")
    .option("--address <host:port>", "where Solo listens (default: from the profile)")
    .option("--ca <file>", "certificate of the CA that Solo's certificate must be signed by")
    .option("--cert <file>", "client certificate to use")
    .option("--key <file>", "private key of that certificate")
    .option("--timeout <time>", "longest wait for an answer, e.g. 10s", parseDuration)
    .helpCommand("help [command]", "show the help of a command, or `solo help exit-codes`")
    .showSuggestionAfterError(true)
    .configureHelp({ subcommandTerm: (command) => command.name() })
    .configureOutput({
      writeOut: (text) => void rim.stdout.write(text),
      writeErr: (text) => void rim.stderr.write(text),
      // Usage errors are shown like all others, by showHalt.
      outputError: () => undefined,
      getOutHasColors: () => wantsColour(rim.stdout, rim.env),
      getOutHelpWidth: () => (rim.stdout.isTTY === true ? Math.min(rim.stdout.columns ?? 80, 120) : 120),
    })
    .addHelpText(
      "after",
      "\nStart with:  solo start   then, elsewhere:   solo deploy counter.ts   and   solo call counter add 2\n" +
        "Every command explains itself with --help. Exit codes: solo help exit-codes",
    )
    .exitOverride();
  await addVerbs(program, runner, (names) => verb === "every" || (verb !== undefined && names.includes(verb)));
  addExitCodesHelp(program);
  return program;
}

const valueOptions = ["--data-dir", "--as", "--tenant", "--address", "--ca", "--cert", "--key", "--timeout"] as const;

/** The verb that a command line names; after `help`, the one that help is wanted for. */
export function verbIn(args: readonly string[]): string | undefined {
  const words: string[] = [];
  for (let at = 0; at < args.length; at++) {
    const word = args[at] ?? "";
    if ((valueOptions as readonly string[]).includes(word)) at += 1;
    else if (!word.startsWith("-")) words.push(word);
  }
  return words[0] === "help" ? words[1] : words[0];
}

async function runBody<Args extends readonly unknown[], Options>(
  rim: Rim,
  body: Body<Args, Options>,
  given: readonly unknown[],
): Promise<ExitCode> {
  const command = given.at(-1) as Command;
  const global = readGlobal(command.optsWithGlobals(), rim.env);
  const opened = new Map<Role, SoloClient>();
  const context: Context = {
    out: makeOutput({ json: global.json, stdout: rim.stdout, stderr: rim.stderr, env: rim.env }),
    signal: rim.signal,
    global,
    env: rim.env,
    now: rim.now,
    tenantId: global.tenant ?? "",
    patience: { signal: rim.signal, ...(global.timeout === undefined ? {} : { timeoutMs: global.timeout }) },
    connect: async (preferred) => {
      const { openConnection } = await import("./connect.ts");
      const client = opened.get(preferred) ?? openConnection(global, preferred);
      opened.set(preferred, client);
      return client;
    },
  };
  try {
    // Commander hands over the arguments, then the options, then itself.
    return (await body(context, given.slice(0, -2) as unknown as Args, given.at(-2) as Options)) ?? exitCodes.ok;
  } finally {
    for (const client of opened.values()) client.close();
  }
}

function readGlobal(given: Record<string, unknown>, env: Rim["env"]): GlobalOptions {
  const {
    cert,
    key,
    tenant,
    as,
    dataDir = env["SOLO_DATA_DIR"] ?? join(homedir(), ".solo"),
  } = given as Partial<GlobalOptions>;
  if ((cert === undefined) !== (key === undefined)) {
    throw usageHalt("--cert and --key go together.", "Give both, or neither to use the profile.");
  }
  if (tenant !== undefined && as !== undefined && as !== "admin") {
    throw usageHalt(`--tenant is for administrators, and --as ${as} says otherwise.`, "Leave out one of the two.");
  }
  return { ...(given as unknown as GlobalOptions), dataDir: resolve(dataDir) };
}

/** Undefined: commander ended the command line by showing help or the version. */
async function haltOf(error: unknown): Promise<Halt | undefined> {
  if (error instanceof Halt) return error;
  if (error instanceof CommanderError) {
    if (error.exitCode === 0) return undefined;
    // Commander has shown the help already, on stderr.
    if (error.code === "commander.help") return usageHalt("");
    const message = error.message.replace(/^error: /, "").replace(/\n/, " ");
    return usageHalt(
      `${message.charAt(0).toUpperCase()}${message.slice(1)}`,
      "See `solo --help`, or `solo VERB --help`.",
    );
  }
  // By name first: only a command that asked something has loaded the client library.
  if (error instanceof Error && error.name === "SoloError") {
    const { haltOfClient } = await import("./connect.ts");
    const halt = haltOfClient(error);
    if (halt !== undefined) return halt;
  }
  return new Halt({
    code: "INTERNAL",
    exit: exitCodes.bug,
    message: `solo met a bug: ${error instanceof Error ? error.message : String(error)}`,
    ...(error instanceof Error && error.stack !== undefined ? { stack: error.stack } : {}),
    remedy: "Report it with the lines above.",
  });
}

function interruptionCode({ aborted, reason }: AbortSignal): ExitCode | undefined {
  if (!aborted) return undefined;
  return reason === "SIGTERM" ? exitCodes.terminated : exitCodes.interrupted;
}

function showHalt(rim: Rim, halt: Halt | undefined): ExitCode {
  const interrupted = interruptionCode(rim.signal);
  if (interrupted !== undefined) return interrupted;
  if (halt === undefined) return exitCodes.ok;
  // Read from the words themselves: the command line may be wrong in a way that leaves its options unknown.
  const json = rim.args.slice(0, rim.args.includes("--") ? rim.args.indexOf("--") : undefined).includes("--json");
  const out = makeOutput({ json, stdout: rim.stdout, stderr: rim.stderr, env: rim.env });
  if (json) out.item({ json: haltJson(halt), human: () => "" });
  else if (halt.facts.message !== "") out.trouble(renderHalt(halt.facts, out.paint));
  return halt.facts.exit;
}
