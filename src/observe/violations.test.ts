import assert from "node:assert/strict";
import { test } from "node:test";
import { defined, incarnationNumber, parseServiceId, parseTenantId } from "../base/index.ts";
import { type Measured, Violations } from "./violations.ts";

const limits = {
  maxMemoryBytes: 100,
  maxProcesses: 3,
  messageQueueLimit: 10,
  limitExceededAction: "kill",
} as const;

const measured = (over: Partial<Measured> & { readonly n?: number; readonly name?: string } = {}): Measured => {
  const { n = 1, name = "a", ...rest } = over;
  return {
    tenant: defined(parseTenantId("t"), "tenant"),
    service: defined(parseServiceId(name), "service"),
    instance: 1,
    incarnation: incarnationNumber(n),
    tier: "user",
    limits,
    memoryBytes: 10,
    mailboxLength: 0,
    cpuMicros: 0,
    processes: 1,
    ...rest,
  };
};
const roomy = { memoryBytesMax: 1_000_000, processesMax: 1_000 };
const told = (book: Violations, all: readonly Measured[], tenantLimits = roomy): readonly string[] =>
  book.judge(all, tenantLimits).map(({ phase, what, used, by }) => `${by.service} ${phase} ${what} ${used}`);

test("a service that is over at two looks is told of once, and once more when it is well under", () => {
  const book = new Violations();
  const over = [measured({ memoryBytes: 110 })];
  assert.deepEqual(told(book, over), []);
  assert.deepEqual(told(book, over), ["a entered memory 110"]);
  for (let i = 0; i < 5; i++) assert.deepEqual(told(book, over), []);
  assert.deepEqual(told(book, [measured({ memoryBytes: 95 })]), [], "just under its limit it is still watched");
  assert.equal([...book.current()].length, 1);
  const [left] = book.judge([measured({ memoryBytes: 80 })], roomy);
  assert.deepEqual([left?.phase, left?.used, left?.peak, left?.looks], ["left", 80, 110, 9]);
  assert.equal([...book.current()].length, 0);
});

test("a burst between two looks is nobody's business", () => {
  const book = new Violations();
  assert.deepEqual(told(book, [measured({ memoryBytes: 120 })]), []);
  assert.deepEqual(told(book, [measured({ memoryBytes: 90 })]), []);
  assert.deepEqual(told(book, [measured({ memoryBytes: 120 })]), []);
});

test("what is far over is told of at the first look", () => {
  assert.deepEqual(told(new Violations(), [measured({ memoryBytes: 151 })]), ["a entered memory 151"]);
});

test("a mailbox is over when it is full, since it takes no more", () => {
  const book = new Violations();
  assert.deepEqual(told(book, [measured({ mailboxLength: 10 })]), []);
  assert.deepEqual(told(book, [measured({ mailboxLength: 10 })]), ["a entered mailbox 10"]);
});

test("processes of all instances of a service count together", () => {
  const book = new Violations();
  const all = [1, 2, 3, 4].map((n) => measured({ n, instance: n }));
  told(book, all);
  const [entered] = book.judge(all, roomy);
  assert.deepEqual([entered?.what, entered?.used, entered?.by.incarnation], ["processes", 4, 4]);
});

test("who spawned most is named for too many processes; of several that did, the newest", () => {
  const book = new Violations();
  const all = [measured({ n: 1, processes: 3 }), measured({ n: 2, instance: 2, processes: 1 })];
  told(book, all);
  const [entered] = book.judge(all, roomy);
  assert.deepEqual([entered?.what, entered?.used, entered?.by.incarnation], ["processes", 4, 1]);
  const tight = { ...roomy, processesMax: 5 };
  const crowd = [
    measured({ n: 1, name: "two", processes: 2 }),
    measured({ n: 2, name: "three", processes: 3 }),
    measured({ n: 3, name: "also-three", processes: 3 }),
    measured({ n: 4, name: "one", processes: 1 }),
  ];
  const total = new Violations();
  assert.deepEqual(told(total, crowd, tight), ["also-three entered tenant_processes 9"]);
});

test("a tenant's total names the largest; when that has ended and it is not enough, the next", () => {
  const book = new Violations();
  const tight = { memoryBytesMax: 100, processesMax: 100 };
  const all = [
    measured({ n: 1, name: "small", memoryBytes: 70 }),
    measured({ n: 2, name: "large", memoryBytes: 90 }),
    measured({ n: 3, name: "sys", memoryBytes: 99, tier: "system" }),
  ];
  assert.deepEqual(told(book, all, tight), ["large entered tenant_memory 160"]);
  assert.deepEqual(told(book, all, tight), [], "it is being ended");
  const rest = [measured({ n: 1, name: "small", memoryBytes: 70 }), measured({ n: 4, name: "more", memoryBytes: 85 })];
  assert.deepEqual(told(book, rest, tight), ["more entered tenant_memory 155"]);
});

test("who has ended is forgotten without a word", () => {
  const book = new Violations();
  told(book, [measured({ memoryBytes: 200 })]);
  assert.deepEqual(told(book, []), []);
  assert.equal([...book.current()].length, 0);
});

test("whose life has ended is over nothing from then on, also before the next look", () => {
  const book = new Violations();
  const over = measured({ n: 1, memoryBytes: 200 });
  told(book, [over, measured({ n: 2, name: "b", memoryBytes: 200 })]);
  assert.equal(book.forget(over), true);
  assert.equal(book.forget(over), false);
  assert.deepEqual(
    [...book.current()].map(({ by }) => by.service),
    ["b"],
  );
});
