import assert from "node:assert/strict";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { eventId, isRefusal } from "../base/index.ts";
import type { EventLog, Head, Verdict, VerifyOptions } from "./index.ts";
import { created, erased, inWorld, killed, stopped, tenant, write } from "./log.fixture.ts";
import { type Database, openForReading } from "./sqlite.ts";
import { verifyChain } from "./verify.ts";

const verdictOf = async (log: EventLog, options?: VerifyOptions): Promise<Verdict> => {
  const verdict = await log.verify(options);
  assert.ok(!isRefusal(verdict));
  return verdict;
};

/** A log of 20 events, tampered with behind a running kernel's back. */
const afterTampering = async (tampering: (database: Database) => void, options?: VerifyOptions): Promise<Verdict> => {
  let verdict: Verdict | undefined;
  await inWorld(async ({ open, tamper }) => {
    const log = await open();
    await write(log, [stopped]);
    for (let n = 0; n < 19; n++) {
      await write(log, [killed({ tenant: n % 2 === 0 ? "a" : "b", service: "x", by: `nobody ${n}` })]);
    }
    tamper(tampering);
    verdict = await verdictOf(log, options);
  });
  assert.ok(verdict !== undefined);
  return verdict;
};

const sql =
  (text: string) =>
  (database: Database): void =>
    database.exec(text);

const tamperings: readonly {
  readonly what: string;
  readonly how: string;
  readonly at: number;
  readonly fault: string;
}[] = [
  ...[
    "tenant = 'b'",
    "type = 'service_crashed'",
    "subject = 'y'",
    "actor = 'tenant b'",
    "timestamp = timestamp + 1",
    "wall_clock = wall_clock - 1",
    "causation = 1",
    "version = 2",
    "payload_digest = zeroblob(32)",
  ].map((change) => ({
    what: `an altered header (${change})`,
    how: `UPDATE events SET ${change}${change.startsWith("tenant") ? ", tenant_sequence = 90" : ""} WHERE id = 10`,
    at: 10,
    fault: change.startsWith("tenant") ? "reordered" : "altered_header",
  })),
  {
    what: "an altered sequence",
    how: "UPDATE events SET tenant_sequence = 90 WHERE id = 10",
    at: 10,
    fault: "reordered",
  },
  {
    what: "an altered hash",
    how: "UPDATE events SET hash = zeroblob(32) WHERE id = 10",
    at: 10,
    fault: "altered_hash",
  },
  {
    what: "an altered payload",
    how: "UPDATE payloads SET json = replace(json, 'nobody', 'admin') WHERE id = 10",
    at: 10,
    fault: "altered_payload",
  },
  {
    what: "an altered salt",
    how: "UPDATE payloads SET salt = zeroblob(16) WHERE id = 10",
    at: 10,
    fault: "altered_payload",
  },
  { what: "a payload taken away", how: "DELETE FROM payloads WHERE id = 10", at: 10, fault: "missing_payload" },
  { what: "an event taken away", how: "DELETE FROM events WHERE id = 10", at: 10, fault: "missing_event" },
  { what: "the first event taken away", how: "DELETE FROM events WHERE id = 1", at: 1, fault: "missing_event" },
  {
    what: "an event taken away, the rest renumbered",
    how: `DELETE FROM events WHERE id = 10;
          UPDATE events SET id = -(id - 1) WHERE id > 10; UPDATE events SET id = -id WHERE id < 0`,
    at: 10,
    fault: "reordered",
  },
  {
    what: "two events of two tenants exchanged",
    how: `UPDATE events SET id = -id WHERE id IN (10, 15);
          UPDATE events SET id = 25 + id WHERE id IN (-10, -15);
          UPDATE payloads SET id = -id WHERE id IN (10, 15);
          UPDATE payloads SET id = 25 + id WHERE id IN (-10, -15)`,
    at: 10,
    fault: "reordered",
  },
  { what: "the tail cut off", how: "DELETE FROM events WHERE id > 15", at: 16, fault: "truncated" },
  { what: "everything cut off", how: "DELETE FROM events", at: 1, fault: "truncated" },
];

for (const { what, how, at, fault } of tamperings) {
  test(`verification finds ${what}, at the event where it happened`, async () => {
    const verdict = await afterTampering(sql(how));
    assert.equal(verdict.type, "broken");
    assert.deepEqual([verdict.at, verdict.fault, verdict.checked], [at, fault, at - 1], verdict.problem);
  });
}

test("of several alterations the first is told", async () => {
  const verdict = await afterTampering(
    sql("UPDATE events SET actor = 'x' WHERE id IN (7, 9); DELETE FROM payloads WHERE id = 12"),
  );
  assert.equal(verdict.type, "broken");
  assert.deepEqual([verdict.at, verdict.fault], [7, "altered_header"]);
});

test("a whole log is sound, and so is every part of it", () =>
  inWorld(async ({ open }) => {
    const log = await open();
    assert.deepEqual(await verdictOf(log), { type: "sound", checked: 0, erased: 0, head: log.head() });
    for (let n = 0; n < 1_203; n++)
      log.append([killed({ tenant: "a", service: "x" }), stopped], { timestamp: log.timestamp, wallClockMs: n });
    await log.whenDurable(log.newest);
    const progress: number[] = [];
    const whole = await verdictOf(log, { progress: (checked) => progress.push(checked) });
    assert.deepEqual(whole, { type: "sound", checked: 2_406, erased: 0, head: log.head() });
    assert.ok(progress.length > 3);
    const part = await verdictOf(log, { from: eventId(100), to: eventId(1_999) });
    assert.equal(part.type, "sound");
    assert.deepEqual([part.checked, part.head.id], [1_900, 1_999]);
  }));

test("with an expected event and hash, a log that was cut off or written anew before it was opened shows", () =>
  inWorld(async ({ open, tamper }) => {
    const log = await open();
    await write(log, [stopped, created("a"), created("b")]);
    const expect: Head = log.head();
    await log.close();

    tamper(sql("DELETE FROM events WHERE id > 1"));
    const cut = await open();
    assert.equal((await verdictOf(cut)).type, "sound");
    const truncated = await verdictOf(cut, { expect });
    assert.equal(truncated.type, "broken");
    assert.deepEqual([truncated.at, truncated.fault], [2, "truncated"]);
    tamper(sql("DELETE FROM payloads WHERE id > 1"));
    await write(cut, [created("c"), created("d"), created("e")]);
    assert.equal((await verdictOf(cut)).type, "sound");
    const rewritten = await verdictOf(cut, { expect });
    assert.equal(rewritten.type, "broken");
    assert.deepEqual([rewritten.at, rewritten.fault], [3, "rewritten"]);
    assert.equal((await verdictOf(cut, { expect: cut.head() })).type, "sound");
  }));

test("a verification can be interrupted, and holds up neither queries nor commits", () =>
  inWorld(async ({ open }) => {
    const log = await open();
    for (let n = 0; n < 9_000; n++) log.append([stopped], { timestamp: log.timestamp, wallClockMs: n });
    await log.whenDurable(log.newest);
    const verifyBesides = async (): Promise<{ readonly type: Verdict["type"]; readonly order: readonly string[] }> => {
      const order: string[] = [];
      const controller = new AbortController();
      const verifying = log
        .verify({
          signal: controller.signal,
          progress: () => order.push("progress"),
        })
        .then((verdict) => {
          order.push("verdict");
          return verdict;
        });
      log.append([stopped], { timestamp: log.timestamp, wallClockMs: 1 });
      await log.whenDurable(log.newest);
      order.push("commit");
      await log.query({ limit: 1 });
      order.push("query");
      controller.abort();
      const verdict = await verifying;
      assert.ok(!isRefusal(verdict));
      return { type: verdict.type, order };
    };
    // A disk may be so slow that it is through before the commit is: the next is interrupted, or the one after that.
    let verified = await verifyBesides();
    for (let tries = 1; tries < 20 && verified.type !== "interrupted"; tries++) verified = await verifyBesides();
    assert.equal(verified.type, "interrupted");
    assert.equal(verified.order.at(-1), "verdict");
    assert.ok(verified.order.includes("progress"));
  }));

test("an erasure takes the tenant's payloads and nothing else, and the chain stays whole", () =>
  inWorld(async ({ open, tamper }) => {
    const log = await open();
    await write(log, [
      created("a"),
      created("b"),
      killed({ tenant: "a", service: "x", by: "a secret" }),
      killed({ tenant: "b", service: "x", by: "kept" }),
    ]);
    await log.saveSnapshot({ event: eventId(4), evolveVersion: 1, json: "a secret too" });
    const through = log.newest;
    assert.equal(await log.countPayloads({ tenant: tenant("a"), through }), 2);
    await write(log, [erased("a", through, 2), killed({ tenant: "a", service: "x", by: "later" })]);
    assert.deepEqual(await verdictOf(log), { type: "sound", checked: 6, erased: 2, head: log.head() });
    const payloads = [...log.replay(eventId(0))].map((event) => event.payload !== undefined);
    assert.deepEqual(payloads, [false, true, false, true, true, true]);
    assert.equal(await log.countPayloads({ tenant: tenant("a"), through }), 0);
    assert.equal(log.latestSnapshot(1), undefined);
    // A second erasure covers the first one's event, which stays: it says what is missing.
    await write(log, [erased("a", log.newest, 1)]);
    const again = await verdictOf(log);
    assert.equal(again.type, "sound");
    assert.equal(again.erased, 3);
    // Whoever takes one payload more than was erased is found.
    tamper(sql("DELETE FROM payloads WHERE id = 4"));
    const missing = await verdictOf(log);
    assert.equal(missing.type, "broken");
    assert.deepEqual([missing.at, missing.fault], [4, "missing_payload"]);
  }));

test("what was erased is left neither in the log's file nor in the one beside it", () =>
  inWorld(async ({ dir, open }) => {
    const log = await open();
    const secret = "correct horse battery staple";
    await write(
      log,
      Array.from({ length: 50 }, () => killed({ tenant: "a", service: "x", by: secret })),
    );
    const holdsSecret = async (): Promise<boolean> => {
      const files = await Promise.all((await readdir(dir)).map((name) => readFile(join(dir, name))));
      return files.some((bytes) => bytes.includes(secret));
    };
    assert.ok(await holdsSecret());
    await write(log, [erased("a", log.newest, 50)]);
    assert.ok(!(await holdsSecret()));
    await log.close();
    assert.ok(!(await holdsSecret()));
  }));

test("payloads that are erased while the chain is walked are erased, not missing", () =>
  inWorld(async ({ dir, open }) => {
    const log = await open();
    for (let n = 0; n < 1_200; n++)
      log.append([killed({ tenant: "a", service: "x" })], { timestamp: log.timestamp, wallClockMs: n });
    await log.whenDurable(log.newest);
    const database = openForReading(join(dir, "log.sqlite"));
    try {
      const walk = verifyChain(database, { known: log.head() });
      assert.equal(walk.next().done, false);
      await write(log, [erased("a", log.newest, 1_200)]);
      let step = walk.next();
      while (step.done !== true) step = walk.next();
      assert.equal(step.value.type, "sound");
    } finally {
      database.close();
    }
  }));
