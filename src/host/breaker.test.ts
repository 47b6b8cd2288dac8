import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { admit, type Breaker, closed, fail, judge, type Verdict } from "./breaker.ts";

const policy = { failuresMax: 3, resetMs: 100 };
const after = (...steps: readonly ((breaker: Breaker) => Breaker)[]): Breaker =>
  steps.reduce((breaker, step) => step(breaker), closed);
const failAt = (now: number) => (breaker: Breaker) => fail(breaker, policy, now);
const end = (verdict: Verdict, was: "pass" | "trial", now: number) => (breaker: Breaker) =>
  judge(breaker, verdict, was, policy, now);
const opened = after(failAt(1), failAt(2), failAt(3));

test("so many failures in a row open it; an answer in between starts the count anew", () => {
  assert.equal(opened.name, "open");
  const interrupted = after(failAt(1), failAt(2), end("answered", "pass", 3), failAt(4), failAt(5));
  assert.deepEqual(interrupted, { name: "closed", failures: 2 });
});

test("errors of the service itself are no failures, and do not make up for any", () => {
  assert.deepEqual(after(failAt(1), end("neither", "pass", 2), failAt(3)), { name: "closed", failures: 2 });
});

test("while it is open all is refused and counted; then one call tries the service, and the rest waits for its end", () => {
  const [early, trial] = [admit(opened, 50), admit(opened, 103)];
  assert.equal(early.how, "refuse");
  assert.equal(early.breaker.name === "open" && early.breaker.refused, 1);
  assert.equal(trial.how, "trial");
  assert.equal(admit(trial.breaker, 103).how, "refuse");
  assert.deepEqual(judge(trial.breaker, "answered", "trial", policy, 110), closed);
});

test("a trial that fails opens it again, for as long", () => {
  const again = judge(admit(opened, 103).breaker, "failed", "trial", policy, 110);
  assert.deepEqual([again.name, again.name === "open" && again.until], ["open", 210]);
  const died = fail(admit(opened, 103).breaker, policy, 110);
  assert.equal(died.name, "open");
});

test("a trial that never reached the service leaves the place to another", () => {
  const unused = judge(admit(opened, 103).breaker, "unused", "trial", policy, 110);
  assert.equal(admit(unused, 110).how, "trial");
});

test("a trial that the service answered with its own error lets it back on trust: the next failure is one too many", () => {
  const trusted = judge(admit(opened, 103).breaker, "neither", "trial", policy, 110);
  assert.equal(admit(trusted, 111).how, "pass");
  assert.equal(fail(trusted, policy, 112).name, "open");
});

test("calls that began before it opened decide nothing", () => {
  assert.deepEqual(judge(opened, "answered", "pass", policy, 50), opened);
  const trying = admit(opened, 103).breaker;
  assert.deepEqual(judge(trying, "answered", "pass", policy, 104), trying);
});

test("whatever happens, at most one call tries the service at a time, and it opens only after enough failures", () => {
  const step = fc.oneof(
    fc.constant("admit" as const),
    fc.constant("fail" as const),
    fc.constantFrom<Verdict>("answered", "failed", "neither", "unused"),
  );
  fc.assert(
    fc.property(fc.array(fc.tuple(step, fc.nat(60)), { maxLength: 60 }), (steps) => {
      let breaker: Breaker = closed;
      let now = 0;
      let trying = 0;
      for (const [what, passed] of steps) {
        now += passed;
        const before = breaker;
        if (what === "admit") {
          const { breaker: next, how } = admit(breaker, now);
          breaker = next;
          if (how === "trial") trying++;
          if (how === "refuse") assert.notEqual(before.name, "closed");
        } else if (what === "fail") {
          breaker = fail(breaker, policy, now);
        } else {
          breaker = judge(breaker, what, trying > 0 ? "trial" : "pass", policy, now);
        }
        // A death, or the end of the trial, ends the trying.
        if (breaker.name !== "half_open" || !breaker.trying) trying = 0;
        assert.ok(trying <= 1);
        if (before.name === "closed" && breaker.name === "open") assert.ok(breaker.failures >= policy.failuresMax);
      }
    }),
  );
});
