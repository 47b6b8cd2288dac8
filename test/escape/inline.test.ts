/**
 * Attacks by services that have earned the inline lane before, where their turns take the thread of their cell: what native code
 * does then, which nobody can interrupt, may cost the whole cell, and never anybody else's. The reason that is told is true.
 */
import assert from "node:assert/strict";
import process from "node:process";
import { after, before, describe, test } from "node:test";
import type { Attack, Stage } from "./attack.ts";
import { Arena, attacksIn } from "./harness.ts";

/** More than a service needs to be taken for quick, on a machine that is not always so. */
const quickCalls = 60;
const attackMsMax = 60_000;

/** Where they lead in this lane, besides what they come to in the other. */
const losses = ["without a heartbeat", "ended by SIG", "out of memory"];

/** One of each way to end; with `--all`, all of these kinds. */
const picked: readonly string[] = [
  "native-bigint-power",
  "native-fill",
  "native-index-of",
  "native-reverse",
  "reject-looping-getter",
  "reject-looping-proxy",
  "reject-many",
  "reject-prepare-stack",
  "reject-throwing-getter",
  "reject-to-string",
  "memory-buffers",
  "memory-buffers-caught",
  "memory-encode",
  "memory-fill-objects",
  "memory-json",
  "memory-promises",
  "memory-string-replace",
];
const all = process.argv.includes("--all");

async function beQuick({ call }: Stage): Promise<void> {
  for (let n = 0; n < quickCalls; n++) await call("quick");
}

/** A service whose messages may take longer than the default has no such lane. */
const inline = ({ name, what, source, limits, expects }: Attack): Attack => ({
  name: `inline-${name}`,
  what,
  source,
  limits: { ...limits, cpuTimeMs: name.startsWith("memory-") ? 1_000 : 300 },
  run: async (stage) => {
    await beQuick(stage);
    return stage.call("attack");
  },
  expects: {
    type: "ends",
    of: [...(expects.type === "dies" ? [expects.of] : []), "cpu_timeout"],
    by: losses,
  },
});

const every = (await attacksIn("attacks"))
  // Others have a way of their own to be provoked, or are answered in either lane.
  .filter(({ name, run, expects }) => {
    return /^(native|memory|reject)-/.test(name) && run === undefined && expects.type !== "answers";
  })
  .map(inline);

let arena: Arena;

before(async () => {
  arena = await Arena.open();
});
after(async () => {
  try {
    await arena.insistPeace();
  } finally {
    await arena[Symbol.asyncDispose]();
  }
});

test("the attacks that are picked are there", () => {
  const names = new Set(every.map(({ name }) => name));
  for (const name of picked) assert.ok(names.has(`inline-${name}`), name);
});

describe(
  "an attack in the inline lane costs nobody but its tenant, and its end is told truly:",
  { concurrency: 3 },
  () => {
    for (const attack of every) {
      const skip = !all && !picked.includes(attack.name.replace("inline-", "")) && "with --all";
      test(`${attack.name}: ${attack.what}`, { skip, timeout: attackMsMax }, async (t) => {
        t.diagnostic(await arena.withstand(attack));
      });
    }
  },
);

test("after all of them the log verifies, and tells of no cell that was lost but those of the attackers", async (t) => {
  t.diagnostic(await arena.close());
});
