import assert from "node:assert/strict";
import { test } from "node:test";
import { incarnationNumber } from "../base/index.ts";
import { atWork } from "./at-work.ts";

const [one, two, three] = [incarnationNumber(1), incarnationNumber(2), incarnationNumber(3)];
const held = [
  { incarnation: one, phase: "running" },
  { incarnation: two, phase: "starting" },
  { incarnation: three, phase: "running" },
] as const;
const nobody = new Set<typeof one>();
const isFound = false;

test("who was at work in a lost cell is what its flight record says, whoever was called", () => {
  const turns = [{ incarnation: three, lastedMs: 12 }];
  assert.deepEqual(atWork(held, { turns, busy: new Set([one]), ended: nobody, isFound }), {
    victims: [
      { incarnation: one, inFlight: false },
      { incarnation: two, inFlight: false },
      { incarnation: three, inFlight: true, lastedMs: 12 },
    ],
    turns: 1,
  });
});

test("a record without turns is not the same as none", () => {
  const seen = { busy: new Set([one]), ended: nobody, isFound };
  const idle = held.map(({ incarnation }) => ({ incarnation, inFlight: false }));
  assert.deepEqual(atWork(held, { ...seen, turns: [] }), { victims: idle, turns: 0 });
  assert.deepEqual(atWork(held, { ...seen, turns: undefined }), {
    victims: [
      { incarnation: one, inFlight: true },
      { incarnation: two, inFlight: true },
      { incarnation: three, inFlight: false },
    ],
  });
});

test("turns of those that ended there count, and of those that never were there do not", () => {
  const turns = [4, 5].map((n) => ({ incarnation: incarnationNumber(n), lastedMs: 1 }));
  const seen = { turns, busy: nobody, ended: new Set([incarnationNumber(5)]), isFound };
  assert.equal(atWork(held, seen).turns, 1);
});

test("of a cell that an earlier kernel had, turns of strangers make doubt beside one that lives, and alone clear nobody", () => {
  const stranger = { incarnation: incarnationNumber(4), lastedMs: 1 };
  const seen = { busy: nobody, ended: nobody, isFound: true };
  assert.equal(atWork(held, { ...seen, turns: [stranger, { incarnation: one, lastedMs: 1 }] }).turns, 2);
  assert.equal(atWork(held, { ...seen, turns: [stranger] }).turns, 0);
});
