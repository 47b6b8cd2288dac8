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
import { figures, oneByOne } from "./lib/measure.ts";
import type { Benchmark, Row } from "./lib/report.ts";
import { setting } from "./lib/settings.ts";

const runs = setting("SOLO_BENCH_DEPLOYS", 300);
const warmUp = Math.ceil(runs / 6);
const tenants = Math.ceil(runs / 30);

export const deploy: Benchmark = {
  name: "deploy",
  measures: "Deploy from source to RUNNING: mutual TLS gRPC, compiler, durable log, cell, isolate, init()",
  run: async () => {
    await using solo = await Solo.start({ config: roomy });
    const client = await solo.client("default");
    const source = (await example("counter")).toString("utf8");
    // A source of its own each time: nothing is answered from a cache.
    const fresh = (n: number): Buffer => Buffer.from(`${source}\n// ${n}\n`);
    await oneByOne(warmUp, (n) => client.deploy({ serviceId: `warm-${n}`, code: fresh(n) }));
    const full = await oneByOne(runs, (n) => client.deploy({ serviceId: `s-${n}`, code: fresh(1_000 + n) }));
    const answered = await oneByOne(runs, async (n) => {
      await client.deploy({ serviceId: `a-${n}`, code: fresh(2_000 + n) });
      await call(client, `a-${n}`, "add", [1]);
    });
    const admin = await solo.client("admin");
    const newTenant: number[] = [];
    for (let n = 0; n < tenants; n++) {
      await admin.createTenant({ tenantId: `t-${n}` });
      // The pool is refilled while nobody waits, as it is between two new tenants of a real node.
      await new Promise((resolve) => setTimeout(resolve, 300));
      const began = performance.now();
      await admin.deploy({ serviceId: "first", tenantId: `t-${n}`, code: fresh(3_000 + n) });
      newTenant.push(performance.now() - began);
    }
    const worker = await oneByOne(30, startWorker);
    const child = await oneByOne(30, startChild);
    const started = elixir("start.exs");
    const beside: Row[] = [
      {
        what: "full deploy",
        unit: "ms",
        figures: full,
        goal: "p50 ≤ 5, p99 ≤ 20",
        peer: { what: "worker_thread start p50", value: worker.p50 },
      },
      {
        what: "full deploy",
        unit: "ms",
        figures: full,
        peer: { what: "node child process start p50", value: child.p50 },
      },
    ];
    if (started !== undefined) {
      beside.push({
        what: "full deploy",
        unit: "ms",
        figures: full,
        peer: { what: "Elixir compile + start p50", value: figures(started.trim().split("\n").map(Number)).p50 },
      });
    }
    return [
      ...beside,
      { what: "full deploy and first call", unit: "ms", figures: answered },
      {
        what: "first deploy of a new tenant, from a warm cell",
        unit: "ms",
        figures: figures(newTenant),
        goal: "p50 ≤ 10",
      },
    ];
  },
};

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
