import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { limits } from "../base/index.ts";
import { fromGuest, fromGuestFields } from "../wire/index.ts";
import { handleOperations, type OperationHandlers, parseGuestCall } from "./operations.ts";

function listener(): { readonly heard: unknown[][]; readonly on: OperationHandlers } {
  const heard: unknown[][] = [];
  const note =
    (what: string) =>
    (...args: readonly unknown[]): void =>
      void heard.push([what, ...args]);
  const on: OperationHandlers = {
    reply: note("reply"),
    fail: note("fail"),
    started: note("started"),
    crash: note("crash"),
    terminated: note("terminated"),
    call: note("call"),
    cast: (service, method, args) => {
      heard.push(["cast", service, method, args]);
      return method !== "full";
    },
    send: (service, message) => {
      heard.push(["send", service, message]);
      return service !== "full";
    },
    log: note("log"),
    timer: note("timer"),
    clear: note("clear"),
    processes: note("processes"),
    malformed: note("malformed"),
  };
  return { heard, on };
}

test("operations are handled in order, and refused messages are counted", () => {
  const { heard, on } = listener();
  const refused = handleOperations(
    [
      0,
      fromGuest.started,
      fromGuest.cast,
      "b",
      "m",
      "[]",
      fromGuest.cast,
      "b",
      "full",
      "[]",
      fromGuest.send,
      "full",
      "1",
      fromGuest.reply,
      3,
      undefined,
    ],
    on,
  );
  assert.equal(refused, 2);
  assert.deepEqual(heard, [
    ["started"],
    ["cast", "b", "m", "[]"],
    ["cast", "b", "full", "[]"],
    ["send", "full", "1"],
    ["reply", 3, undefined, undefined],
  ]);
});

test("an operation that is cut short or unknown ends the push", () => {
  for (const fields of [
    [0, 99],
    [0, "1"],
    [0, fromGuest.cast, "b"],
    [0, {}],
    [0, "__proto__"],
    [0, fromGuest.reply],
  ]) {
    const { heard, on } = listener();
    handleOperations([...fields], on);
    assert.equal(heard.length, 1);
    assert.equal(heard[0]?.[0], "malformed");
  }
});

test("whatever a guest pushes, nothing throws, and only well-formed fields are believed", () => {
  const field = fc.oneof(
    fc.constantFrom(...Object.values(fromGuest)),
    fc.string({ maxLength: 200 }),
    fc.integer(),
    fc.double(),
    fc.constantFrom(undefined, null, Number.NaN, -1, 2 ** 60, true, "x".repeat(129)),
  );
  fc.assert(
    fc.property(fc.array(field, { maxLength: 40 }), (fields) => {
      const { heard, on } = listener();
      handleOperations([0, ...fields], on);
      for (const [what, ...args] of heard) {
        if (what === "malformed") continue;
        if (what === "timer") assert.ok(typeof args[1] === "number" && args[1] >= 1);
        if (what === "reply") assert.ok(Number.isSafeInteger(args[0]));
        if (what === "cast") assert.ok(args.slice(0, 3).every((arg) => typeof arg === "string"));
      }
    }),
  );
});

test("a call's fields are bounded", () => {
  const good = [1, 0, "b", "m", "[]", 5_000] as const;
  assert.ok(parseGuestCall(...good, undefined) !== undefined);
  const bad: readonly (readonly unknown[])[] = [
    [-1, 0, "b", "m", "[]", 5_000],
    [1, 0.5, "b", "m", "[]", 5_000],
    [1, 0, "b".repeat(129), "m", "[]", 5_000],
    [1, 0, "b", "m".repeat(129), "[]", 5_000],
    [1, 0, "b", "m", "x".repeat(limits.payloadBytesMax + 1), 5_000],
    [1, 0, "b", "m", "[]", 0],
    [1, 0, "b", "m", "[]", limits.callTimeoutMsMax + 1],
    [1, 0, "b", "m", "[]", Number.NaN],
    [1, 0, "b", "m", 7, 1],
  ];
  for (const [a, b, c, d, e, f] of bad) assert.equal(parseGuestCall(a, b, c, d, e, f, undefined), undefined);
});

test("every operation has a number of fields", () => {
  for (const op of Object.values(fromGuest)) assert.equal(typeof fromGuestFields[op], "number");
});
