import assert from "node:assert/strict";
import { test } from "node:test";
import { Lateness } from "./lateness.ts";

/** The timer comes after each of these times. */
function after(...waits: readonly number[]) {
  const lateness = new Lateness(20, 1_000);
  let now = 1_000;
  for (const wait of waits) lateness.came((now += wait));
  return { lateness, now };
}

test("a loop that turns is not late, and one long pause among many turns is none", () => {
  const { lateness, now } = after(20, 21, 20, 500, 20);
  assert.equal(lateness.take(now + 5), 0);
});

test("a loop that is always late is as late as half of its turns at most", () => {
  const { lateness, now } = after(20, 120, 70, 220, 90);
  assert.equal(lateness.take(now), 70);
  assert.equal(lateness.take(now + 10), 0, "each turn counts once");
});

test("a loop that hardly turns is late, even if the timer has not come between two looks", () => {
  const { lateness, now } = after(200);
  assert.equal(lateness.take(now), 180);
  assert.equal(lateness.take(now + 420), 400);
});

test("only so many turns are kept", () => {
  const { lateness, now } = after(...Array.from({ length: 10_000 }, (_, at) => (at < 8_000 ? 900 : 30)));
  assert.equal(lateness.take(now), 10);
});
