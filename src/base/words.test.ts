import assert from "node:assert/strict";
import { test } from "node:test";
import { deathKinds, lossKinds } from "../../test/arbitraries/base.ts";
import { type CellLoss, type Death, deathShape, sayDeath } from "./death.ts";
import { Bug, defined, insist, never } from "./insist.ts";
import { instant, later, latest } from "./instant.ts";

const losses: readonly CellLoss[] = [
  { type: "signal", signal: "SIGTRAP", lastWords: "Fatal" },
  { type: "exit", code: 1 },
  { type: "seccomp" },
  { type: "memory", rssBytes: 2, limitBytes: 1 },
  { type: "hang", silentMs: 900 },
  { type: "protocol", problem: "a frame too long" },
  { type: "spawn", problem: "no such file" },
  { type: "node" },
  { type: "closed" },
  { type: "unknown" },
];
const deaths: readonly Death[] = [
  { type: "crashed", where: "message", error: { name: "TypeError", message: "x is undefined", stack: "" } },
  { type: "out_of_memory", limitBytes: 1 },
  { type: "cpu_timeout", limitMs: 1_000, method: "spin" },
  { type: "startup_timeout", limitMs: 5 },
  { type: "mailbox_overflow", limit: 10 },
  { type: "limit_exceeded", what: "memory", used: 2, limit: 1 },
  { type: "shed", what: "memory_maps", percent: 92 },
  { type: "killed", by: "admin", forced: "yes" },
  { type: "stopped", why: "normal" },
  { type: "shutdown_timeout", limitMs: 30 },
  ...losses.map((loss): Death => ({ type: "cell_lost", loss, inFlight: "yes" })),
];

test("every death survives JSON, and reads differently from every other", () => {
  for (const death of deaths) assert.deepEqual(deathShape(JSON.parse(JSON.stringify(death))), death);
  assert.equal(new Set(deaths.map(sayDeath)).size, deaths.length);
  const kinds = (of: readonly { readonly type: string }[]): unknown =>
    [...new Set(of.map(({ type }) => type))].toSorted();
  assert.deepEqual(kinds(deaths), deathKinds.toSorted());
  assert.deepEqual(kinds(losses), lossKinds.toSorted());
});

test("a broken belief is a bug", () => {
  assert.throws(() => insist(false, "two and two are five"), new Bug("two and two are five"));
  assert.throws(() => defined(undefined, "it"), new Bug("it must be defined"));
  assert.throws(() => never("odd" as never), Bug);
  assert.equal(defined(0, "it"), 0);
});

test("instants add milliseconds and compare", () => {
  assert.equal(later(instant(5), 3), 8);
  assert.equal(latest(instant(5), instant(3)), 5);
});
