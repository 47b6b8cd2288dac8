import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Claim, FairQueue } from "./fair-queue.ts";

const runner = (name: string, shares: number) => ({ name, claim: new Claim(shares), spentMs: 0 });
type Runner = ReturnType<typeof runner>;

/** All are always ready; each turn takes `turnMs`. */
function run(runners: readonly Runner[], turns: number, turnMs = 5): void {
  const queue = new FairQueue<Runner>();
  for (const one of runners) queue.push(one);
  for (let i = 0; i < turns; i++) {
    const next = queue.shift();
    assert.ok(next !== undefined);
    next.claim.charge(turnMs);
    next.spentMs += turnMs;
    queue.push(next);
  }
}

test("CPU time is divided by shares", () => {
  const [small, ordinary, large] = [runner("small", 512), runner("ordinary", 1_024), runner("large", 4_096)];
  run([small, ordinary, large], 1_100);
  assert.deepEqual(
    [small.spentMs, ordinary.spentMs, large.spentMs].map((ms) => Math.round(ms / 500)),
    [1, 2, 8],
  );
});

test("who is throttled has a quarter of its shares", () => {
  const [calm, throttled] = [runner("calm", 1_024), runner("throttled", 1_024)];
  throttled.claim.throttled = true;
  run([calm, throttled], 500);
  assert.equal(Math.round(calm.spentMs / throttled.spentMs), 4);
});

test("of equals, who came first is first", () => {
  const queue = new FairQueue<Runner>();
  const all = ["a", "b", "c", "d"].map((name) => runner(name, 1_024));
  for (const one of all) queue.push(one);
  assert.deepEqual(
    all.map(() => queue.shift()?.name),
    ["a", "b", "c", "d"],
  );
});

test("who was away has saved nothing up, and waits for no more than a turn of each", () => {
  const queue = new FairQueue<Runner>();
  const [busy, late] = [runner("busy", 1_024), runner("late", 1_024)];
  for (let i = 0; i < 100; i++) {
    queue.push(busy);
    queue.shift()?.claim.charge(10);
  }
  queue.push(late);
  queue.push(busy);
  assert.equal(queue.shift(), late);
  late.claim.charge(10);
  queue.push(late);
  assert.equal(queue.shift(), busy, "and not late again for all the time that it was away");
});

test("whatever comes and goes, the least served is next", () => {
  const action = fc.record({ push: fc.boolean(), which: fc.nat(5), ms: fc.nat(20) });
  fc.assert(
    fc.property(fc.array(action, { maxLength: 200 }), (actions) => {
      const queue = new FairQueue<Runner>();
      const all = [1, 2, 3, 4, 5, 6].map((n) => runner(`${n}`, n * 512));
      const inside = new Map<Runner, number>();
      for (const { push, which, ms } of actions) {
        const one = all[which];
        if (push && one !== undefined && !inside.has(one)) {
          queue.push(one);
          inside.set(one, one.claim.pass);
        } else if (!push) {
          const next = queue.shift();
          assert.equal(next === undefined, inside.size === 0);
          if (next === undefined) continue;
          assert.equal(inside.get(next), Math.min(...inside.values()));
          inside.delete(next);
          next.claim.charge(ms);
        }
        assert.equal(queue.length, inside.size);
      }
    }),
  );
});
