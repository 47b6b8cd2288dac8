/** What a jail costs a cell: its start, its memory, and its first reply, beside a cell without one. */
import { spawn } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import net from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import type { Duplex } from "node:stream";
import { type Jail, listen, makeNoJail, openLibc, openSandbox, tiers, type Tier } from "../../src/sandbox/index.ts";
import { cellFlags, imageFiles, jailedArgument, lockFile, pidPlaceholder } from "../../src/wire/index.ts";
import { Kernel, service, tenant, testImage } from "../../test/cell/cell-process.ts";
import { type Figures, figures } from "../lib/measure.ts";
import type { Row } from "../lib/report.ts";
import { setting } from "../lib/settings.ts";

const rounds = setting("SOLO_BENCH_ROUNDS", 30);
const counter = service("init() { return 0; } add(n = 1) { this.state += n; return this.state; }");

interface Handle {
  readonly fd: number;
  close(): void;
}
type CreateServerHandle = (path: string, port: number, type: number) => Handle;
const createServerHandle = (net as unknown as { readonly _createServerHandle: CreateServerHandle })._createServerHandle;

interface Start {
  readonly readyMs: number;
  readonly firstReplyMs: number;
  readonly callMs: number;
  readonly megabytes: number;
}

/** One cell from nothing to its first reply, as init starts it; then it is ended. */
async function startOnce(jail: Jail, number: number): Promise<Start> {
  const run = mkdtempSync(join(tmpdir(), "solo-bench-"));
  const path = join(run, "s");
  const listener = createServerHandle(path, -1, -1);
  listen(openLibc(), listener.fd, 16);
  const began = performance.now();
  const jailed = jail.tier === "none" ? [] : [jailedArgument];
  using start = jail.prepare(
    (folder) => [...cellFlags, `--allow-fs-read=${folder}/`, `${folder}/${imageFiles.cell}`, ...jailed],
    { number, cgroups: [] },
  );
  const child = spawn(start.file, start.args, {
    env: start.env,
    ...(start.user === undefined ? {} : { uid: start.user, gid: start.user }),
    // Nobody reads its flight record.
    stdio: ["ignore", "ignore", "inherit", listener.fd, "pipe", "ignore", ...start.descriptors],
    detached: true,
  });
  const ended = new Promise((resolve) => child.once("exit", resolve));
  const failed = ended.then((code) => Promise.reject(new Error(`the cell ended with ${String(code)}`)));
  failed.catch(() => undefined);
  const heartbeat = child.stdio[4] as Duplex;
  heartbeat.on("error", () => undefined).resume();
  if (start.gated) heartbeat.write("\n");
  const kernel = await new Promise<Kernel>((resolve) => {
    const socket = net.connect(path);
    socket.once("connect", () => resolve(new Kernel(socket)));
  });
  try {
    await Promise.race([kernel.hello(1), failed]);
    const readyMs = performance.now() - began;
    kernel.send({ type: "adopt", tenant });
    const id = await Promise.race([kernel.load(counter), failed]);
    await kernel.result(id, "add");
    const firstReplyMs = performance.now() - began;
    const from = performance.now();
    for (let i = 0; i < 200; i++) await kernel.result(id, "add");
    const callMs = (performance.now() - from) / 200;
    return { readyMs, firstReplyMs, callMs, megabytes: ownMemory(child.pid ?? 0) };
  } finally {
    child.kill("SIGKILL");
    await ended;
    await kernel.close();
    listener.close();
    rmSync(run, { recursive: true, force: true });
  }
}

/** Memory that is this process's and its descendants' alone. */
function ownMemory(pid: number): number {
  const below = readdirSync(`/proc/${pid}/task`).flatMap((task) =>
    readFileSync(`/proc/${pid}/task/${task}/children`, "utf8").split(" ").filter(Boolean).map(Number),
  );
  const kilobytes = [...readFileSync(`/proc/${pid}/smaps_rollup`, "utf8").matchAll(/^Private_\w+: +(\d+) kB$/gm)];
  const own = kilobytes.reduce((sum, [, count]) => sum + Number(count), 0) / 1_024;
  return below.reduce((sum, child) => sum + ownMemory(child), own);
}

export async function startRows(): Promise<readonly Row[]> {
  const rooms = join(process.getuid?.() === 0 ? "/var/cache/solo" : tmpdir(), "bench-rooms");
  const image = await testImage();
  const inhabitant = { folder: "cell", sources: [{ from: image, to: "cell", as: "files" as const }], locks: true };
  const opened: { readonly tier: Tier; readonly jail: Jail; readonly probedMs: number; readonly starts: Start[] }[] =
    [];
  for (const tier of tiers) {
    const sandbox = await openSandbox(
      { tier, required: [], noneAllowed: true },
      { rooms, lockFile, pidPlaceholder },
      [],
    );
    if (typeof sandbox === "string") process.stdout.write(`${tier} is left out: ${sandbox}\n`);
    else {
      const jail = sandbox.jailFor(inhabitant) ?? makeNoJail(image);
      opened.push({ tier, jail, probedMs: sandbox.report.tookMs, starts: [] });
    }
  }
  // In turns, so that whatever else the machine does falls on all of them.
  for (let round = 0; round < rounds; round++) {
    for (const { jail, starts } of opened) starts.push(await startOnce(jail, round));
  }
  rmSync(rooms, { recursive: true, force: true });
  const plain = opened.find(({ tier }) => tier === "none")?.starts ?? [];
  const rowsOf = (
    what: string,
    unit: Row["unit"],
    pick: (start: Start) => number,
    goal: Pick<Row, "goal"> = {},
  ): readonly Row[] => {
    const peer = figures(plain.map(pick)).p50;
    return opened.map(({ tier, starts }): Row => {
      const found: Figures = figures(starts.map(pick));
      const row = { what: `${what}, ${tier === "none" ? "no jail" : tier}`, unit, figures: found };
      return tier === "none" ? row : { ...row, peer: { what: "no jail", value: peer }, ...goal };
    });
  };
  return [
    ...rowsOf("a cell from nothing to its welcome", "ms", ({ readyMs }) => readyMs, { goal: "≤ 1.15× no jail" }),
    ...rowsOf("… to the first reply of its first service", "ms", ({ firstReplyMs }) => firstReplyMs),
    ...rowsOf("a call to it, one at a time", "ms", ({ callMs }) => callMs),
    ...rowsOf("memory of its own, jail included", "MB", ({ megabytes }) => megabytes),
    ...opened
      .filter(({ tier }) => tier !== "none")
      .map(({ tier, probedMs }): Row => ({
        what: `probing ${tier} at the start of Solo`,
        unit: "ms",
        figures: { value: probedMs },
      })),
  ];
}
