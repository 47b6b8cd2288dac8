// Each benchmark still runs: made very small, it finds figures, puts them beside its peers, and leaves nothing behind. What
// the figures are is nobody's concern here. `scale` takes too long for this, even small; what it does is much of what others do.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, globSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { describe, test, type TestContext } from "node:test";
import type { Row } from "../../bench/lib/report.ts";
import { processesIn } from "../e2e/processes.ts";
import { until } from "../e2e/solo.ts";

const root = join(import.meta.dirname, "../..");
const small: Readonly<Record<`SOLO_BENCH_${string}`, string>> = {
  SOLO_BENCH_CALLS: "30",
  SOLO_BENCH_CELL_SERVICES: "5",
  SOLO_BENCH_CLASSES: "1",
  SOLO_BENCH_CYCLES: "10",
  SOLO_BENCH_DEPLOYS: "6",
  SOLO_BENCH_EVENTS: "2000",
  SOLO_BENCH_KILLS: "1",
  SOLO_BENCH_REPEATS: "2",
  SOLO_BENCH_REST_MS: "1",
  SOLO_BENCH_ROUNDS: "1",
  SOLO_BENCH_SECONDS: "1",
  SOLO_BENCH_SERVICES: "2",
  SOLO_BENCH_STARTS: "3",
  SOLO_BENCH_TENANTS: "2",
};

interface Expected {
  /** Some of what it must have found. */
  readonly finds: readonly RegExp[];
  /** It starts many processes, and is left to CI. */
  readonly slow?: true;
}

const benchmarks: Readonly<Record<string, Expected>> = {
  deploy: { finds: [/^full deploy$/, /^the first \d+ deploys of a fresh Solo$/, /new tenant, from a warm cell$/] },
  call: {
    finds: [/^Call, 64 in flight$/, /^Cast, 64 in flight$/, /another cell, one of 64 at once$/, /^cast, .*another/],
  },
  cell: { finds: [/^in-cell call, nested$/, /^in-cell cast, sent and handled$/, /^load → first reply/, /rested for/] },
  log: { finds: [/^durable event, 1 in flight$/, /events: QueryEvents: newest 50 of all$/, /events: VerifyLog$/] },
  memory: { finds: [/^memory per idle service/, /^… after 50 calls to each$/] },
  recovery: { slow: true, finds: [/kill -9 → control plane back/, /cold start → ready$/, /cold start → all RUNNING$/] },
  slope: { slow: true, finds: [/^kernel: growth per cycle, in the last half$/, /^cell: resident at the end$/] },
  neighbours: { slow: true, finds: [/another tenant's calls$/, /their p99$/, /deeds of the attackers$/] },
  sandbox: { slow: true, finds: [/^a cell from nothing to its welcome, no jail$/, /^first deploy of a new tenant/] },
};

/** What takes time takes some. Memory may shrink, and a slope may fall: of so few, chance decides. */
const neverNone: ReadonlySet<Row["unit"]> = new Set(["ms", "s", "per s"]);

const mayBeAnything = (value: number): boolean => Number.isFinite(value);
const isSome = (value: number): boolean => Number.isFinite(value) && value > 0;

function check(row: Row): void {
  // Within a second an attacker may come to nothing.
  const holds = neverNone.has(row.unit) && !row.what.includes("deeds") ? isSome : mayBeAnything;
  const value = "value" in row.figures ? row.figures.value : row.figures.p50;
  assert.ok(holds(value), `${row.what}: ${value} ${row.unit}`);
  if (row.peer !== undefined)
    assert.ok(holds(row.peer.value), `${row.what}, beside ${row.peer.what}: ${row.peer.value}`);
}

/** Contents of the results that are kept. */
const kept = (): readonly string[] =>
  globSync("bench/results/*", { cwd: root })
    .toSorted()
    .map((path) => `${path}: ${readFileSync(join(root, path), "utf8")}`);

async function run(t: TestContext, name: string): Promise<{ readonly rows: readonly Row[]; readonly dir: string }> {
  // Its temporary files go where nobody else's are; jailed users must pass.
  const dir = mkdtempSync(join(tmpdir(), "sb-"));
  chmodSync(dir, 0o711);
  const child = spawn(process.execPath, ["--disable-warning=ExperimentalWarning", "bench/main.ts", "--json", name], {
    cwd: root,
    env: { ...process.env, ...small, TMPDIR: dir, NODE_OPTIONS: "", NODE_TEST_CONTEXT: "" },
    stdio: ["ignore", "pipe", "pipe"],
    detached: true,
  });
  t.after(async () => {
    if (child.pid !== undefined && child.exitCode === null && child.signalCode === null) {
      process.kill(-child.pid, "SIGKILL");
      await once(child, "exit");
    }
    rmSync(dir, { recursive: true, force: true });
  });
  let [said, complained] = ["", ""];
  child.stdout.setEncoding("utf8").on("data", (text: string) => (said += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (complained += text));
  const [code] = (await once(child, "close")) as [number | null];
  assert.equal(code, 0, `${said}\n${complained}`);
  const line = said.split("\n").find((one) => one.startsWith('{"benchmark"'));
  assert.ok(line !== undefined, said);
  return { rows: (JSON.parse(line) as { readonly rows: readonly Row[] }).rows, dir };
}

describe(
  "a benchmark made very small finds figures beside peers, and leaves nothing behind:",
  { concurrency: 2 },
  () => {
    const before = kept();
    for (const [name, { finds, slow = false }] of Object.entries(benchmarks)) {
      const skip = slow && process.env["CI"] !== "true" ? "left to CI" : false;
      test(name, { skip }, async (t) => {
        const { rows, dir } = await run(t, name);
        for (const row of rows) check(row);
        for (const wanted of finds) {
          assert.ok(
            rows.some(({ what }) => wanted.test(what)),
            `${String(wanted)} is among ${rows.map(({ what }) => what).join("; ")}`,
          );
        }
        assert.ok(
          rows.some(({ peer }) => peer !== undefined),
          "something stands beside a peer",
        );
        await until("its processes' end", () => processesIn(dir).length === 0);
        assert.deepEqual(readdirSync(dir), []);
        assert.deepEqual(kept(), before);
      });
    }
  },
);
