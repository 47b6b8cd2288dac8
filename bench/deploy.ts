/**
 * A full deploy from source: authenticated over mutual TLS, compiled, recorded durably, placed, started, proven by init()
 * and recorded again, until the client has its answer. Beside what others call a start: a worker thread, a child process,
 * and Elixir compiling and starting a GenServer, where it is installed.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { Worker } from "node:worker_threads";
import { call, example, roomy, Solo } from "../test/e2e/solo.ts";
import { elixir } from "./lib/elixir.ts";
import { type Figures, figures, oneByOne } from "./lib/measure.ts";
import { untilWarm } from "./lib/pool.ts";
import type { Benchmark, Row } from "./lib/report.ts";
import { setting } from "./lib/settings.ts";

const runs = setting("SOLO_BENCH_DEPLOYS", 300);
const tenants = setting("SOLO_BENCH_TENANTS", 30);
const peers = Math.min(30, runs);
/** The first ones, of a Solo whose code no compiler of the engine's has seen yet. */
const coldRuns = Math.ceil(runs / 6);

export const deploy: Benchmark = {
  name: "deploy",
  measures: "Deploy from source to RUNNING: mutual TLS gRPC, compiler, durable log, cell, isolate, init()",
  run: async () => {
    await using solo = await Solo.start({ config: roomy });
    const client = await solo.client("default");
    const source = (await example("counter")).toString("utf8");
    let sources = 0;
    // A source of its own each time: nothing is answered from a cache.
    const fresh = (): Buffer => Buffer.from(`${source}\n// ${sources++}\n`);
    // The tenant's cell must not end for want of services.
    await client.deploy({ serviceId: "resident", code: fresh() });
    const passing = async (times: number): Promise<Figures> => {
      const samples: number[] = [];
      for (let n = 0; n < times; n++) {
        const began = performance.now();
        await client.deploy({ serviceId: "passing", code: fresh() });
        samples.push(performance.now() - began);
        await client.kill({ serviceId: "passing", force: true });
      }
      return figures(samples);
    };
    const cold = await passing(coldRuns);
    await passing(runs - coldRuns);
    const full = await oneByOne(runs, (n) => client.deploy({ serviceId: `s-${n}`, code: fresh() }));
    const answered = await oneByOne(runs, async (n) => {
      await client.deploy({ serviceId: `a-${n}`, code: fresh() });
      await call(client, `a-${n}`, "add", [1]);
    });
    const newTenant = await firstDeploys(solo, fresh);
    const worker = { what: "worker_thread start p50", value: (await oneByOne(peers, startWorker)).p50 };
    const child = { what: "node child process start p50", value: (await oneByOne(peers, startChild)).p50 };
    const row: Row = { what: "full deploy", unit: "ms", figures: full };
    return [
      { ...row, goal: "p50 ≤ 5, p99 ≤ 20", peer: worker },
      { ...row, peer: child },
      ...besideElixir(row),
      {
        what: `the first ${coldRuns} deploys of a fresh Solo`,
        unit: "ms",
        figures: cold,
        peer: { what: "later ones p50", value: full.p50 },
      },
      {
        what: "full deploy and first call",
        unit: "ms",
        figures: answered,
        peer: { what: "full deploy p50", value: full.p50 },
      },
      {
        what: "first deploy of a new tenant, from a warm cell",
        unit: "ms",
        figures: newTenant,
        goal: "p50 ≤ 10",
        peer: child,
      },
    ];
  },
};

/** Of each new tenant its first service, in what was a warm cell; the tenant goes again, and its cell with it. */
async function firstDeploys(solo: Solo, fresh: () => Buffer): Promise<Figures> {
  const admin = await solo.client("admin");
  const samples: number[] = [];
  for (let n = 0; n < tenants; n++) {
    const tenantId = `t-${n}`;
    const warm = await untilWarm(solo, admin);
    await admin.createTenant({ tenantId });
    const began = performance.now();
    await admin.deploy({ serviceId: "first", tenantId, code: fresh() });
    const tookMs = performance.now() - began;
    const { events } = await admin.queryEvents({ filter: { tenantId, eventTypes: ["service_deployed"] } });
    // One that found no warm cell says nothing of them: the number of samples does.
    if (warm.has(Number(events[0]?.payload?.["cell"]))) samples.push(tookMs);
    await admin.deleteTenant({ tenantId });
  }
  return figures(samples);
}

function besideElixir(row: Row): readonly Row[] {
  const started = elixir("start.exs");
  if (started === undefined) return [];
  const value = figures(started.trim().split("\n").map(Number)).p50;
  return [{ ...row, peer: { what: "Elixir compile + start p50", value } }];
}

async function startWorker(): Promise<void> {
  const worker = new Worker('require("node:worker_threads").parentPort.postMessage(1)', { eval: true });
  await once(worker, "message");
  await worker.terminate();
}

async function startChild(): Promise<void> {
  const child = spawn(process.execPath, ["-e", 'process.stdout.write("1")'], { stdio: ["ignore", "pipe", "ignore"] });
  await once(child.stdout, "data");
  child.kill("SIGKILL");
  await once(child, "close");
}
