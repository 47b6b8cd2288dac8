import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import fc from "fast-check";
import { eventId, instant, isRefusal, kernelEpoch, limits } from "../base/index.ts";
import type { Event, NewEvent } from "../kernel/index.ts";
import { openEventLog, snapshotIsDue } from "./index.ts";
import { at, created, inWorld, killed, stopped, versions, write } from "./log.fixture.ts";

const newEvent = fc.oneof(
  fc.constant(stopped),
  fc
    .record({
      tenant: fc.constantFrom("a", "b", "c"),
      service: fc.constantFrom("x", "y"),
      by: fc.string({ maxLength: 40 }),
    })
    .map(killed),
);

test("ids and each tenant's sequences are gap-free from 1, whatever is appended at once and while commits run", () =>
  inWorld(async ({ open }) => {
    const log = await open();
    const sequences = new Map<string, number>();
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.array(newEvent, { maxLength: 5 }), { maxLength: 20 }),
        fc.nat(3),
        async (lists, pause) => {
          for (const [index, list] of lists.entries()) {
            const before = log.newest;
            const placed = log.append(list, at(1_000));
            assert.deepEqual(
              placed.map((event) => event.id),
              list.map((_, nth) => before + 1 + nth),
            );
            for (const event of placed) {
              const expected = event.tenant === undefined ? undefined : (sequences.get(event.tenant) ?? 0) + 1;
              assert.equal(event.tenantSequence, expected);
              if (event.tenant !== undefined && expected !== undefined) sequences.set(event.tenant, expected);
            }
            if (pause > 0 && index % pause === 0) await log.whenDurable(log.newest);
          }
          await log.whenDurable(log.newest);
          assert.equal(log.durable, log.newest);
        },
      ),
      { numRuns: 25 },
    );
    const verdict = await log.verify();
    assert.ok(!isRefusal(verdict));
    assert.equal(verdict.type, "sound");
  }));

test("what append returns is what a replay returns, after a restart too", () =>
  inWorld(async ({ open }) => {
    const log = await open();
    const events: NewEvent[] = [
      created("a"),
      { ...killed({ tenant: "a", service: "x", by: 'quote " \u2028 \ud800 \u0000 é' }), cause: { earlier: 0 } },
      { ...stopped, cause: eventId(1) },
    ];
    const first = log.append([stopped], { timestamp: instant(5), wallClockMs: 3 });
    const placed = [...first, ...(await write(log, events, { timestamp: instant(7), wallClockMs: 2 }))];
    assert.deepEqual(
      placed.map((event) => event.causation),
      [undefined, undefined, 2, 1],
    );
    assert.deepEqual([...log.replay(eventId(0))], placed);
    assert.deepEqual([...log.replay(eventId(2))], placed.slice(2));
    await log.close();
    const again = await open();
    assert.deepEqual([...again.replay(eventId(0))], placed);
    assert.deepEqual([again.newest, again.durable, again.timestamp], [4, 4, 7]);
    const [next] = await write(again, [killed({ tenant: "a", service: "x" })]);
    assert.deepEqual([next?.id, next?.tenantSequence], [5, 3]);
  }));

test("waiters are released in the order of ids, and subscribers hear every durable event once, in order", () =>
  inWorld(async ({ open }) => {
    const log = await open();
    const heard: Event[] = [];
    log.onCommitted((events) => {
      heard.push(...events);
      assert.equal(heard.at(-1)?.id, log.durable);
    });
    const released: number[] = [];
    const waits: Promise<unknown>[] = [];
    const placed: Event[] = [];
    for (let n = 0; n < 300; n++) {
      placed.push(...log.append([killed({ tenant: "a", service: "x" })], at(n)));
      const id = log.newest;
      waits.push(
        log.whenDurable(id).then(() => {
          assert.ok(log.durable >= id);
          return released.push(id);
        }),
      );
      // Let some commits run in between.
      if (n % 7 === 0) await log.whenDurable(eventId(Math.max(1, id - 3)));
    }
    await Promise.all(waits);
    assert.deepEqual(
      released,
      placed.map((event) => event.id),
    );
    assert.deepEqual(heard, placed);
  }));

test("the commit queue is bounded: a full one says so, and has room again once the disk has followed", () =>
  inWorld(async ({ open }) => {
    const log = await open();
    const many = (count: number): NewEvent[] => Array.from({ length: count }, () => stopped);
    assert.ok(log.hasRoom(limits.commitQueueMax));
    assert.ok(!log.hasRoom(limits.commitQueueMax + 1));
    log.append(many(limits.commitQueueMax - 1), at(1));
    assert.ok(log.hasRoom(1));
    assert.ok(!log.hasRoom(2));
    // A report of what has already happened cannot be refused, so it still finds room: but not without end.
    log.append(many(3_000), at(1));
    assert.ok(!log.hasRoom(0));
    assert.throws(() => log.append(many(limits.commitQueueReportsMax), at(1)), { name: "Bug" });
    assert.equal(log.newest, limits.commitQueueMax + 2_999);
    await log.whenDurable(log.newest);
    assert.ok(log.hasRoom(limits.commitQueueMax));
  }));

test("an event that is not fit is a bug, and leaves no gap", () =>
  inWorld(async ({ open }) => {
    const log = await open();
    await write(log, [stopped], at(100));
    const unfit: readonly NewEvent[] = [
      { ...created("a"), subject: "" },
      { ...created("a"), actor: "line\nbreak" },
      { ...created("a"), cause: eventId(9) },
      { ...created("a"), cause: { earlier: 1 } },
      killed({ tenant: "a", service: "x", by: "x".repeat(limits.eventPayloadBytesMax) }),
    ];
    for (const event of unfit) assert.throws(() => log.append([created("b"), event], at(100)), { name: "Bug" });
    assert.throws(() => log.append([stopped], at(99)), { name: "Bug" }, "the instant went back");
    assert.throws(() => log.append([stopped], at(100.5)), { name: "Bug" }, "not whole");
    const [next] = await write(log, [created("b")], at(100));
    assert.deepEqual([next?.id, next?.tenantSequence], [2, 1]);
  }));

test("an old event keeps the version that it was written with, for the upcasters", () =>
  inWorld(async ({ open }) => {
    const old = await open({ versions: versions(1) });
    await write(old, [created("a")]);
    await old.close();
    const current = await open({ versions: versions(3) });
    await write(current, [created("b")]);
    assert.deepEqual(
      [...current.replay(eventId(0))].map((event) => event.version),
      [1, 3],
    );
  }));

test("a log that cannot be written fails once: waiters are rejected, nothing is tried again, nothing acknowledged is lost", () =>
  inWorld(async ({ open }) => {
    const log = await open({ bytesMax: 400_000 });
    const failures: unknown[] = [];
    const failed = new Promise<void>((resolve) => {
      log.onFailure((failure) => {
        failures.push(failure.trouble);
        resolve();
      });
    });
    let acknowledged = 0;
    const filling = (async () => {
      for (;;) {
        const [event] = log.append([killed({ tenant: "a", service: "x", by: "x".repeat(4_000) })], at(1));
        await log.whenDurable(log.newest);
        acknowledged = event?.id ?? 0;
      }
    })();
    await assert.rejects(filling, { name: "LogFailure", trouble: "full" });
    await failed;
    assert.ok(acknowledged > 10);
    assert.ok(!log.hasRoom(1));
    assert.equal(log.durable, acknowledged);
    await assert.rejects(log.whenDurable(log.newest), { name: "LogFailure" });
    await log.close();
    assert.deepEqual(failures, ["full"]);
    const again = await open();
    assert.equal(again.durable, acknowledged);
    assert.equal([...again.replay(eventId(0))].length, acknowledged);
  }));

test("a kernel that is not newer is refused, and a newer one fences the older", () =>
  inWorld(async ({ dir, open }) => {
    const older = await open({ epoch: kernelEpoch(5) });
    await write(older, [stopped]);
    for (const epoch of [4, 5]) {
      const refused = await openEventLog({ dir, boot: "boot", epoch: kernelEpoch(epoch), versions: versions(1) });
      assert.ok(isRefusal(refused));
      assert.deepEqual(refused, { refused: "STALE_EPOCH", detail: { epoch, current: 5 } });
    }
    const newer = await open({ epoch: kernelEpoch(6) });
    await write(newer, [created("a")]);
    older.append([created("b")], at(1));
    await assert.rejects(older.whenDurable(older.newest), { name: "LogFailure", trouble: "fenced" });
    assert.deepEqual(
      [...newer.replay(eventId(0))].map((event) => event.subject),
      ["node", "a"],
    );
    const restarted = await open({ boot: "another", epoch: kernelEpoch(1) });
    assert.equal(restarted.durable, 2);
  }));

test("a file that is damaged, foreign or of a newer Solo is refused, and says why", async () => {
  const whyRefused = async (
    prepare: (world: { dir: string; make: () => Promise<void>; tamper: (sql: string) => void }) => Promise<void>,
  ): Promise<string> => {
    let why = "";
    await inWorld(async ({ dir, open, tamper }) => {
      const make = async (): Promise<void> => {
        const log = await open();
        await write(log, [stopped]);
        await log.close();
      };
      await prepare({ dir, make, tamper: (sql) => tamper((database) => database.exec(sql)) });
      const refused = await openEventLog({ dir, boot: "next", epoch: kernelEpoch(1), versions: versions(1) });
      assert.ok(isRefusal(refused));
      assert.equal(refused.refused, "LOG_UNAVAILABLE");
      why = String(refused.detail["why"]);
    });
    return why;
  };
  assert.match(await whyRefused(({ dir }) => writeFile(join(dir, "log.sqlite"), "x".repeat(9_000))), /damaged/);
  assert.match(
    await whyRefused(async ({ make, tamper }) => {
      await make();
      tamper("PRAGMA user_version = 99");
    }),
    /newer Solo/,
  );
  assert.match(
    await whyRefused(({ tamper }) => {
      tamper("CREATE TABLE mine (a)");
      return Promise.resolve();
    }),
    /not a log of Solo's/,
  );
  const nowhere = await openEventLog({
    dir: "/nonexistent/solo",
    boot: "b",
    epoch: kernelEpoch(1),
    versions: versions(1),
  });
  assert.ok(isRefusal(nowhere));
  assert.equal(nowhere.refused, "LOG_UNAVAILABLE");
});

test("a replay stops at an event that is missing or is not JSON", () =>
  inWorld(async ({ open, tamper }) => {
    const log = await open();
    await write(log, [stopped, created("a"), created("b")]);
    await log.close();
    tamper((database) => database.exec("UPDATE payloads SET json = '{' WHERE id = 3"));
    const torn = await open();
    assert.throws(() => [...torn.replay(eventId(0))], { name: "LogDamaged", message: /event 3/ });
    await torn.close();
    tamper((database) => database.exec("DELETE FROM events WHERE id = 2"));
    const gapped = await open();
    assert.throws(() => [...gapped.replay(eventId(0))], { name: "LogDamaged", message: /event 2 is missing/ });
  }));

test("the newest whole snapshot of this version is used; damaged, other and premature ones are passed over", () =>
  inWorld(async ({ open, tamper }) => {
    const log = await open();
    await write(log, [stopped, stopped, stopped, stopped]);
    assert.equal(log.latestSnapshot(1), undefined);
    for (const event of [1, 2, 3])
      await log.saveSnapshot({ event: eventId(event), evolveVersion: 1, json: `{"at":${event}}` });
    assert.deepEqual(log.latestSnapshot(1), { event: 3, evolveVersion: 1, json: '{"at":3}' });
    assert.equal(log.latestSnapshot(2), undefined);
    await log.close();
    tamper((database) => database.exec("UPDATE snapshots SET json = '{\"at\":4}' WHERE event = 3"));
    const again = await open();
    assert.deepEqual(again.latestSnapshot(1), { event: 2, evolveVersion: 1, json: '{"at":2}' });
    await again.close();
    tamper((database) => {
      assert.equal(database.prepare("SELECT count(*) AS n FROM snapshots").get()?.["n"], limits.snapshotsKeptMax);
      database.exec("DELETE FROM events WHERE id > 1");
    });
    assert.equal((await open()).latestSnapshot(1), undefined);
  }));

test("a snapshot is due after a fixed number of events", () => {
  const every = limits.snapshotEveryEvents;
  assert.ok(!snapshotIsDue({ newest: eventId(every - 1), snapshot: eventId(0) }));
  assert.ok(snapshotIsDue({ newest: eventId(every), snapshot: eventId(0) }));
  assert.ok(!snapshotIsDue({ newest: eventId(2 * every), snapshot: eventId(every + 1) }));
});
