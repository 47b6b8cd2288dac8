import assert from "node:assert/strict";
import { test } from "node:test";
import { isRefusal, limits } from "../base/index.ts";
import type { Observation } from "../kernel/index.ts";
import type { EventLog, ObservationPage, ObservationQuery } from "./index.ts";
import { inWorld, tenant } from "./log.fixture.ts";

const refused = (of: string, subject: string, detail = "NOT_ADMIN", count = 1): Observation => ({
  type: "request_refused",
  tenant: tenant(of),
  subject,
  detail,
  count,
});

const observed = async (log: EventLog, query: ObservationQuery = {}): Promise<ObservationPage> => {
  const page = await log.observations(query);
  assert.ok(!isRefusal(page));
  return page;
};

const total = (page: ObservationPage): number => page.rows.reduce((sum, row) => sum + row.count, 0);
const hour = 3_600_000;

test("observations of one kind are counted in one row per hour", () =>
  inWorld(async ({ open }) => {
    const log = await open();
    for (let n = 0; n < 500; n++) log.observe(refused("a", "deploy"), 1_000 + n);
    log.observe(refused("a", "deploy", "OVERLOADED", 7), 2_000);
    assert.equal((await observed(log)).rows.length, 2);
    log.observe(refused("a", "deploy"), 3_000);
    log.observe(refused("a", "deploy"), hour);
    log.observe({ type: "call_failed", subject: "x", detail: "y", count: 1 }, hour);
    const { rows, dropped } = await observed(log);
    assert.deepEqual(
      rows.map(({ tenant: whose, detail, count, firstMs, lastMs }) => [whose, detail, count, firstMs, lastMs]),
      [
        ["", "y", 1, hour, hour],
        ["a", "NOT_ADMIN", 1, hour, hour],
        ["a", "OVERLOADED", 7, 2_000, 2_000],
        ["a", "NOT_ADMIN", 501, 1_000, 3_000],
      ],
    );
    assert.equal(dropped, 0);
    assert.equal((await observed(log, { tenant: "a", types: ["call_failed"] })).rows.length, 0);
    const first = await observed(log, { tenant: "a", limit: 2 });
    assert.equal(first.rows.length, 2);
    const second = await observed(log, { tenant: "a", limit: 2, before: first.next });
    assert.deepEqual([second.rows.length, second.next], [1, undefined]);
  }));

test("no guest can fill the disk: kinds and rows per tenant are bounded, and everything is still counted", () =>
  inWorld(async ({ open }) => {
    const log = await open();
    let made = 0;
    const flood = (round: number): void => {
      for (let n = 0; n < 3 * limits.observationKindsMax; n++) {
        log.observe(refused("noisy", `${round}-${n}-${"x".repeat(5_000)}\ud800`), made);
        made += 1;
      }
    };
    const rounds = Math.ceil(limits.observationRowsMax / limits.observationKindsMax) + 3;
    log.observe(refused("quiet", "deploy"), 1);
    for (let round = 0; round < rounds; round++) {
      flood(round);
      await observed(log, { limit: 1 });
    }
    const noisy = await observed(log, { tenant: "noisy" });
    assert.equal(noisy.rows.length, limits.observationRowsMax);
    assert.ok(noisy.dropped > 0);
    assert.equal(total(noisy) + noisy.dropped, made);
    assert.ok(noisy.rows.every((row) => row.subject.length <= 200));
    const others = noisy.rows.filter((row) => row.subject === "*");
    assert.ok(others.some((row) => row.count >= 2 * limits.observationKindsMax));
    const quiet = await observed(log, { tenant: "quiet" });
    assert.deepEqual([total(quiet), quiet.dropped], [1, 0]);
  }));

test("observations are written without being asked for, and a closed log has them", () =>
  inWorld(async ({ open }) => {
    const log = await open();
    log.observe(refused("a", "deploy"), 1);
    await log.close();
    assert.equal(total(await observed(await open())), 1);
  }));
