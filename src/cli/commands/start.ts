import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { type Context, type Verb, parseDuration, teach } from "../command.ts";
import { exitCodes } from "../exit-codes.ts";
import { Halt } from "../halt.ts";
import { type InitFile, parseReadiness } from "../node-files.ts";
import { renderFacts } from "../output/table.ts";
import { withProgress } from "../output/progress.ts";
import { saySandbox } from "./status.ts";

interface Options {
  readonly grpc?: string;
  readonly shutdownTimeout?: number;
  readonly detach?: true;
  readonly sandbox?: string;
  readonly requireLayers?: string;
  readonly unsafeNoSandbox?: true;
}

export const start: Verb = (command, run) => {
  command
    .description(
      "Starts Solo in the foreground; Ctrl-C or SIGTERM shuts it down in order. With --detach, waits until it is ready and leaves it running. In the foreground --json prints one line when ready; a refused start is said on stderr and by the exit code.",
    )
    .option("--grpc <host:port>", "where gRPC listens; port 0 takes any free one (default: 127.0.0.1:50051)")
    .option("--shutdown-timeout <time>", "longest graceful shutdown (default: 40s)", parseDuration)
    .option("-d, --detach", "in the background")
    .option("--sandbox <tier>", "bubblewrap, launcher, none, or auto: the strongest that holds here (default: auto)")
    .option("--require-layers <a,b>", "refuse to start unless these layers of the sandbox hold; solo doctor names them")
    .option("--unsafe-no-sandbox", "run tenant code even if no sandbox holds here")
    .addHelpText(
      "after",
      teach([
        ["solo start", "with ~/.solo, on 127.0.0.1:50051"],
        ["solo start --detach", "in the background; end it with solo stop"],
        ["solo start --data-dir /tmp/solo --grpc 127.0.0.1:0", "a second one, on any free port"],
      ]),
    )
    .action(
      run<[], Options>(async (context, _args, options) => {
        const args = await commandLine(context, options);
        if (options.detach === true) return startDetached(context, args);
        // From here on this process is init: it gets the signals, it has the pid, its exit code is the command's.
        process.execve?.(process.execPath, [process.execPath, ...args], definedOnly(process.env));
        throw new Halt({
          code: "PLATFORM_UNSUPPORTED",
          exit: exitCodes.refused,
          message: "This platform cannot replace a process by another.",
          remedy: "Use --detach.",
        });
      }),
    );
};

async function commandLine({ global }: Context, options: Options): Promise<readonly string[]> {
  const { initEntry } = await import("../../init/index.ts");
  const json = global.json || options.detach === true ? ["--json"] : [];
  const grpc = options.grpc === undefined ? [] : ["--grpc", options.grpc];
  const shutdown = options.shutdownTimeout === undefined ? [] : ["--shutdown-ms", String(options.shutdownTimeout)];
  return [
    "--disable-warning=ExperimentalWarning",
    initEntry,
    "--data-dir",
    global.dataDir,
    ...grpc,
    ...shutdown,
    ...sandboxOptions(options),
    ...json,
  ];
}

const sandboxOptions = ({ sandbox, requireLayers, unsafeNoSandbox }: Options): readonly string[] => [
  ...(sandbox === undefined ? [] : ["--sandbox", sandbox]),
  ...(requireLayers === undefined ? [] : ["--require-layers", requireLayers]),
  ...(unsafeNoSandbox === undefined ? [] : ["--unsafe-no-sandbox"]),
];

const definedOnly = (env: NodeJS.ProcessEnv): Record<string, string> =>
  Object.fromEntries(Object.entries(env).filter((entry): entry is [string, string] => entry[1] !== undefined));

const readyMsMax = 60_000;

/**
 * init writes into files that have lost their names once it is ready: it can go on writing, whoever else ends, and what it
 * says later stands in the data directory's log as well.
 */
async function startDetached(context: Context, args: readonly string[]): Promise<undefined> {
  const dir = mkdtempSync(join(tmpdir(), "solo-start-"));
  const said = { out: join(dir, "out"), err: join(dir, "err") };
  const fds = { out: openSync(said.out, "w", 0o600), err: openSync(said.err, "w", 0o600) };
  try {
    const child = spawn(process.execPath, args, { detached: true, stdio: ["ignore", fds.out, fds.err] });
    const ended = once(child, "exit").then(([code]: readonly unknown[]) => ({
      code: typeof code === "number" ? code : 70,
    }));
    const ready = await withProgress(context.out, "starting Solo", awaitReady(said.out, ended, context.signal));
    if ("code" in ready) throw sayFailedStart(readFileSync(said.err, "utf8"), ready.code);
    child.unref();
    showReady(context, ready);
    return undefined;
  } finally {
    closeSync(fds.out);
    closeSync(fds.err);
    rmSync(dir, { recursive: true, force: true });
  }
}

async function awaitReady(
  file: string,
  ended: Promise<{ readonly code: number }>,
  signal: AbortSignal,
): Promise<InitFile | { readonly code: number }> {
  const giveUpAt = performance.now() + readyMsMax;
  while (performance.now() < giveUpAt) {
    signal.throwIfAborted();
    const first = await Promise.race([ended, wait(20)]);
    if (first !== undefined) return first;
    const [line, rest] = readFileSync(file, "utf8").split("\n");
    const ready = rest === undefined ? undefined : parseReadiness(line ?? "");
    if (ready !== undefined) return ready;
  }
  throw new Halt({
    code: "START_SLOW",
    exit: exitCodes.tryLater,
    message: `Solo was not ready after ${readyMsMax / 1_000} s; it may still become so.`,
    remedy: "Look at log/kernel.log in the data directory, and at `solo doctor`.",
  });
}

function sayFailedStart(stderr: string, code: number): Halt {
  const lines = stderr.trim().split("\n");
  const last = (lines.at(-1) ?? "").replace(/^solo: /, "");
  return new Halt({
    code: "START_FAILED",
    exit: exitCodes.refused,
    message: last === "" ? `Solo ended with ${code} before it was ready.` : last,
    detail: { initExitCode: code },
    remedy: "See `solo help exit-codes`, and log/kernel.log in the data directory.",
  });
}

function showReady({ out }: Context, ready: InitFile): void {
  out.result({
    json: { ready: true, ...ready },
    human: () =>
      [
        `${out.paint.green("✔")} ${out.paint.bold("Solo is ready")} after ${ready.tookMs} ms`,
        renderFacts(
          [
            ["gRPC", `${ready.grpc} (mutual TLS)`],
            ["data", ready.dataDir],
            ["process", String(ready.pid)],
            ["sandbox", saySandbox(ready.sandbox, out.paint)],
          ],
          out.paint,
        ),
        `${out.paint.cyan("→")} solo deploy counter.ts, and solo stop to end it`,
      ].join("\n"),
  });
}
