import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import fc from "fast-check";
import { defined, eventId, instant, isRefusal, limits } from "../base/index.ts";
import type { Event, NewEvent } from "../kernel/index.ts";
import type { EventLog, EventPage, EventQuery } from "./index.ts";
import { queryEvents } from "./query.ts";
import { openForReading } from "./sqlite.ts";
import { at, created, inWorld, killed, stopped, tenant, write } from "./log.fixture.ts";

const page = async (log: EventLog, query: EventQuery): Promise<EventPage> => {
  const found = await log.query(query);
  assert.ok(!isRefusal(found));
  return found;
};

/** What a query means. */
const matches = (event: Event, query: EventQuery): boolean => {
  const bySequence = query.tenant !== undefined && query.numbers !== "id";
  const number = bySequence ? (event.tenantSequence ?? 0) : event.id;
  return (
    (query.tenant === undefined || event.tenant === query.tenant) &&
    (query.types === undefined || query.types.includes(event.type)) &&
    (query.subject === undefined || event.subject === query.subject) &&
    (query.from === undefined || event.timestamp >= query.from) &&
    (query.to === undefined || event.timestamp < query.to) &&
    (query.after === undefined || number > query.after) &&
    (query.before === undefined || number < query.before)
  );
};

const name = fc.constantFrom("a", "b", "c");
const logged = fc.record({
  event: fc.oneof(
    fc.constant(stopped),
    name.map(created),
    fc.record({ tenant: name, service: fc.constantFrom("a", "x", "y") }).map(killed),
  ),
  waitedMs: fc.constantFrom(0, 0, 0, 1, 10),
});
const perhaps = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> =>
  fc.option(arbitrary, { nil: undefined });
const number = fc.integer({ min: 0, max: 130 });
const someQuery: fc.Arbitrary<EventQuery> = fc.record({
  tenant: perhaps(fc.constantFrom("a", "b", "nobody")),
  types: perhaps(
    fc.uniqueArray(fc.constantFrom("service_killed", "tenant_created", "system_stopped", "no_such"), { maxLength: 3 }),
  ),
  subject: perhaps(fc.constantFrom("a", "x", "node", "nothing")),
  from: perhaps(number.map(instant)),
  to: perhaps(number.map(instant)),
  after: perhaps(number),
  before: perhaps(number),
  numbers: perhaps(fc.constantFrom("sequence", "id")),
  newestFirst: perhaps(fc.boolean()),
  limit: perhaps(fc.integer({ min: 1, max: 40 })),
});

test("a query, read page by page, finds exactly the events that match every restriction, in the order asked for", () =>
  inWorld(async ({ open }) => {
    const log = await open();
    const events: Event[] = [];
    let ms = 0;
    for (const { event, waitedMs } of defined(
      fc.sample(fc.array(logged, { minLength: 120, maxLength: 120 }), { numRuns: 1, seed: 7 })[0],
      "a log",
    )) {
      ms += waitedMs;
      events.push(...log.append([event], at(Math.min(ms, 125))));
    }
    await log.whenDurable(log.newest);
    await fc.assert(
      fc.asyncProperty(someQuery, async (query) => {
        const expected = events.filter((event) => matches(event, query));
        const found: Event[] = [];
        let rest: EventQuery | undefined = query;
        while (rest !== undefined) {
          const { events: some, next }: EventPage = await page(log, rest);
          assert.ok(some.length <= (query.limit ?? limits.eventsPageMax));
          found.push(...some);
          assert.ok(found.length <= expected.length, "a page goes on where the last one ended");
          if (next === undefined) rest = undefined;
          else rest = query.newestFirst === true ? { ...query, before: next } : { ...query, after: next };
        }
        assert.deepEqual(found, query.newestFirst === true ? expected.toReversed() : expected);
      }),
      { numRuns: 400 },
    );
  }));

test("only durable events are shown", () =>
  inWorld(async ({ open }) => {
    const log = await open();
    await write(log, [created("a")]);
    log.append([created("b")], at(1));
    assert.equal(log.durable, 1);
    const asked = page(log, {});
    assert.deepEqual(
      (await asked).events.map((event) => event.id),
      [1],
    );
    await log.whenDurable(log.newest);
    assert.deepEqual(
      (await page(log, {})).events.map((event) => event.id),
      [1, 2],
    );
  }));

test("nothing beyond the watermark is found, whatever restricts the query", () =>
  inWorld(async ({ dir, open }) => {
    const log = await open();
    await write(log, [created("a"), stopped, created("a"), killed({ tenant: "a", service: "a" }), created("b")]);
    const database = openForReading(join(dir, "log.sqlite"));
    const queries: readonly EventQuery[] = [
      {},
      { tenant: tenant("a") },
      { tenant: tenant("a"), numbers: "id" },
      { tenant: tenant("a"), subject: "a" },
      { tenant: tenant("a"), types: ["tenant_created"] },
      { types: ["tenant_created"] },
      { subject: "a" },
      { from: instant(0) },
    ];
    for (const query of queries) {
      const all = queryEvents(database, { ...query, through: 5 }).records.map(({ header }) => header.id);
      for (let through = 0; through <= 5; through++) {
        const found = queryEvents(database, { ...query, through }).records.map(({ header }) => header.id);
        assert.deepEqual(
          found,
          all.filter((id) => id <= through),
          JSON.stringify({ query, through }),
        );
      }
    }
    database.close();
  }));

test("a page is bounded in number and in bytes, and says where the next one starts", () =>
  inWorld(async ({ open }) => {
    const log = await open();
    await write(
      log,
      Array.from({ length: limits.eventsPageMax + 1 }, () => stopped),
    );
    const full = await page(log, { limit: 1_000_000 });
    assert.equal(full.events.length, limits.eventsPageMax);
    assert.equal(full.next, limits.eventsPageMax);
    assert.equal((await page(log, { after: limits.eventsPageMax })).next, undefined);

    const large = Array.from({ length: 9 }, () => killed({ tenant: "a", service: "x", by: "x".repeat(250_000) }));
    await write(log, large);
    const heavy = await page(log, { tenant: tenant("a") });
    assert.equal(heavy.events.length, Math.floor(limits.eventsPageBytesMax / 250_000));
    assert.equal(heavy.next, heavy.events.length);
  }));

test("a tenant's page tells causes by the tenant's own sequence, and none of another's", () =>
  inWorld(async ({ open }) => {
    const log = await open();
    const events: readonly NewEvent[] = [
      stopped,
      created("b"),
      created("a"),
      { ...killed({ tenant: "a", service: "x" }), cause: { earlier: 2 } },
      { ...killed({ tenant: "a", service: "y" }), cause: { earlier: 1 } },
    ];
    await write(log, events);
    const { causeSequences } = await page(log, { tenant: tenant("a") });
    assert.deepEqual([...causeSequences], [[eventId(4), 1]]);
  }));

test("the history as of an event comes in pages, up to that event and no further", () =>
  inWorld(async ({ open }) => {
    const log = await open();
    await write(
      log,
      Array.from({ length: 2_500 }, () => stopped),
    );
    const ids: number[] = [];
    for await (const events of log.history(eventId(2_100))) ids.push(...events.map((event) => event.id));
    assert.deepEqual(
      ids,
      Array.from({ length: 2_100 }, (_, index) => index + 1),
    );
  }));

test("questions to the reader are bounded", () =>
  inWorld(async ({ open }) => {
    const log = await open();
    await write(log, [stopped]);
    const answers = await Promise.all(Array.from({ length: limits.logReadsMax + 5 }, () => log.query({})));
    assert.deepEqual(
      answers.map((answer) => (isRefusal(answer) ? answer.refused : "answered")),
      [...Array.from({ length: limits.logReadsMax + 4 }, () => "answered"), "OVERLOADED"],
    );
  }));

test("a tenant that asks too much waits for itself: neither artifacts nor others' questions wait behind it", () =>
  inWorld(async ({ open }) => {
    const log = await open();
    const [a, b] = [tenant("a"), tenant("b")];
    await write(log, [created("a"), created("b")]);
    const size = limits.artifactCacheBytesMax / 2;
    const [first] = await Promise.all([1, 2, 3].map((fill) => log.putArtifact(a, new Uint8Array(size).fill(fill))));
    await write(log, [created("a")]);
    assert.ok(first !== undefined && !isRefusal(first));
    const order: string[] = [];
    const flood = Array.from({ length: limits.logReadsPerTenantMax * 2 }, async () => {
      const page = await log.query({ tenant: a });
      order.push(isRefusal(page) ? page.refused : "a");
    });
    const other = log.query({ tenant: b }).then((page) => {
      order.push(isRefusal(page) ? page.refused : "b");
    });
    const artifact = log
      .getArtifact(a, first)
      .then((bytes) => order.push(isRefusal(bytes) ? bytes.refused : "artifact"));
    await Promise.all([...flood, other, artifact]);
    const answered = order.filter((one) => one !== "OVERLOADED");
    // A few are with the reader already when the others come.
    assert.equal(answered.length, limits.logReadsPerTenantMax + 4 + 2);
    assert.ok(answered.indexOf("artifact") < 8 && answered.indexOf("b") < 8, answered.slice(0, 12).join());
  }));
