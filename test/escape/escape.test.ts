/**
 * Every attack of attacks/, against one Solo, a few at a time: nobody but the attacker comes to harm, and what is said of its
 * end is true. `ATTACK=name,name` picks some; the slow ones take part with `--all`, or in CI.
 */
import assert from "node:assert/strict";
import process from "node:process";
import { after, before, describe, test } from "node:test";
import type { Attack } from "./attack.ts";
import { Arena, attacksIn } from "./harness.ts";

const every = await attacksIn("attacks");
const picked = process.env["ATTACK"]?.split(",");
const all = process.argv.includes("--all") || process.env["CI"] === "true";

const skip = (attack: Attack): string | false =>
  picked !== undefined
    ? !picked.includes(attack.name) && "not picked"
    : attack.slow === true && !all && "slow: with --all, or in CI";

/** An attack that nobody ended by then has won. */
const attackMsMax = 60_000;

let arena: Arena;

before(async () => {
  arena = await Arena.open();
});
after(async () => {
  try {
    const { calls } = await arena.insistPeace();
    assert.ok(calls > 10, "the other tenant was at work all the time");
  } finally {
    await arena[Symbol.asyncDispose]();
  }
});

test("there are enough of them", () => {
  assert.ok(every.length >= 60, `${every.length} attacks`);
});

describe("an attack harms nobody but its attacker, and its end is told truly:", { concurrency: 3 }, () => {
  for (const attack of every) {
    const { name, what, todo } = attack;
    test(
      `${name}: ${what}`,
      { skip: skip(attack), timeout: attackMsMax, ...(todo === undefined ? {} : { todo }) },
      async (t) => {
        t.diagnostic(await arena.withstand(attack));
      },
    );
  }
});

test("after all of them the log verifies, and tells of no cell that was lost but those of the attackers that end their own", async (t) => {
  t.diagnostic(await arena.close());
});
