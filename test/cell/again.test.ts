/** Calls that come again, since the kernel that was asked first is gone: their cell runs them once, and says what it knows. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { incarnationNumber } from "../../src/base/index.ts";
import type { CallMark } from "../../src/wire/index.ts";
import { cellFor, type Kernel, type Outcome, service } from "./cell-process.ts";

const counter = service(`
  init() { return 0; }
  add() { return ++this.state; }
  addSlowly(ms) { this.log.info("begun"); return new Promise((done) => setTimeout(() => done(++this.state), ms)); }
  refuse() { this.state++; throw new Refusal("NO", "it does not want to"); }
  crash() { throw new Error("it cannot"); }
`);

/** One clock for the whole host. */
const nowMs = (): number => Math.floor(Number(process.hrtime.bigint()) / 1e6);

/** A time of which it is certain what came before it and what comes after. */
async function tick(): Promise<number> {
  const before = nowMs();
  while (nowMs() <= before + 1) await new Promise((resolve) => setImmediate(resolve));
  return before + 1;
}

const again = (
  key: string,
  sinceMs: number,
  { lives = [1], begin = true }: { lives?: number[]; begin?: boolean } = {},
): CallMark => ({ key, again: { sinceMs, lives: lives.map(incarnationNumber), begin } });

const ask = (kernel: Kernel, method: string, request: CallMark, args: readonly unknown[] = []): Promise<Outcome> =>
  kernel.call(1, method, args, 5_000, request);

const failing = async (asked: Promise<Outcome>): Promise<string> => {
  const { failure } = await asked;
  return `${failure?.code} ${failure?.executed}`;
};

test("a call under way when its kernel is lost is answered to the next one, as often as it asks, and runs once", async (t) => {
  const { kernel, connect } = await cellFor(t);
  const id = await kernel.load(counter);
  const sentMs = await tick();
  ask(kernel, "addSlowly", { key: "a" }, [300]).catch(() => undefined);
  await kernel.until(() => (kernel.logs.includes("begun") ? true : undefined));
  await kernel.close();
  const next = await connect();
  await next.hello(2);
  const answers = [1, 2].map(() => ask(next, "addSlowly", again("a", sentMs), [300]));
  for (const answer of answers) assert.deepEqual(await answer, { result: 1 });
  assert.deepEqual(await ask(next, "addSlowly", again("a", sentMs), [300]), { result: 1 }, "and when it is done");
  assert.equal(await next.result(id, "add"), 2);
});

test("a call that was answered to a kernel that is gone has the same answer for the next, whatever it was", async (t) => {
  const { kernel, connect } = await cellFor(t);
  await kernel.load(counter);
  const sentMs = await tick();
  const before = [
    await ask(kernel, "add", { key: "add" }),
    await ask(kernel, "refuse", { key: "refuse" }),
    await ask(kernel, "crash", { key: "crash" }),
  ];
  await kernel.close();
  const next = await connect();
  await next.hello(2);
  const after = await Promise.all(["add", "refuse", "crash"].map((one) => ask(next, one, again(one, sentMs))));
  assert.deepEqual(after, before);
  assert.equal(after[2]?.failure?.code, "CALL_FAILED", "even now that it has ended of it");
});

test("a call that never came is begun if it cannot have been begun elsewhere", async (t) => {
  const { kernel, connect } = await cellFor(t);
  const beforeMs = await tick();
  await kernel.load(counter);
  const sentMs = await tick();
  await kernel.close();
  const next = await connect();
  await next.hello(2);
  assert.deepEqual(await ask(next, "add", again("a", sentMs)), { result: 1 });
  const younger = ask(next, "add", again("b", beforeMs));
  assert.equal(await failing(younger), "CALL_LOST unknown", "another life may have run it");
  const elsewhere = ask(next, "add", again("c", sentMs, { lives: [1, 2] }));
  assert.equal(await failing(elsewhere), "CALL_LOST unknown", "a life that should be here is not");
  const only = ask(next, "add", again("d", sentMs, { begin: false }));
  assert.equal(await failing(only), "CALL_LOST not_executed", "it was only asked about");
  assert.equal(await next.result(1, "add"), 2);
});

test("a service that was started anew since does not run a call again", async (t) => {
  const { kernel, connect } = await cellFor(t);
  await kernel.load(counter);
  const sentMs = await tick();
  await kernel.call(1, "crash");
  await kernel.death(1);
  await kernel.load(counter, { incarnation: 2 });
  await kernel.close();
  const next = await connect();
  await next.hello(2);
  const lost = next.call(2, "add", [], 5_000, again("a", sentMs, { lives: [2] }));
  assert.equal(await failing(lost), "CALL_LOST unknown");
  assert.equal(await next.result(2, "add"), 1);
});

test("once a newer kernel asks, what an older one sent before is not begun any more", async (t) => {
  const { kernel, connect } = await cellFor(t);
  await kernel.load(counter);
  const sentMs = await tick();
  const newer = await connect();
  await newer.hello(2);
  assert.equal(await failing(ask(kernel, "add", { key: "late" })), "CALL_LOST not_executed");
  assert.deepEqual(await ask(newer, "add", again("late", sentMs)), { result: 1 });
  assert.deepEqual(await ask(kernel, "add", { key: "late" }), { result: 1 }, "it may still learn what it was");
});
