import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { defined, isRefusal, parseTenantId, type Refusal } from "../base/index.ts";
import { type Lease, Shedder } from "./shedder.ts";

const id = (name: string) => defined(parseTenantId(name), "a tenant");
const patient = new AbortController().signal;
const limits = { totalMax: 10, perTenantMax: 8, waitingPerTenantMax: 3, waitMsMax: 10_000 };

/** Takes a place that must be free. */
function take(shedder: Shedder, name: string): Lease {
  const lease = shedder.enter(id(name), patient);
  assert.ok(typeof lease === "function", `${name} gets in at once`);
  return lease;
}

function wait(shedder: Shedder, name: string): Promise<Lease | Refusal> {
  const lease = shedder.enter(id(name), patient);
  assert.ok(typeof lease !== "function", `${name} waits`);
  return lease;
}

test("a tenant alone takes what it may, and leaves some places for those who come", async () => {
  const shedder = new Shedder(limits);
  const held = Array.from({ length: 8 }, () => take(shedder, "a"));
  const waits = wait(shedder, "a");
  held.pop()?.();
  const lease = await waits;
  assert.ok(!isRefusal(lease));
  const other = take(shedder, "b");
  for (const leave of [...held, other, lease]) leave();
  assert.equal(shedder.underWay, 0);
});

test("when places get scarce, who has more than its share waits, and who has less gets in", async () => {
  const shedder = new Shedder(limits);
  for (let i = 0; i < 6; i++) take(shedder, "a");
  take(shedder, "b");
  take(shedder, "b");
  const controller = new AbortController();
  const waits = shedder.enter(id("a"), controller.signal);
  take(shedder, "c");
  take(shedder, "b");
  assert.equal(shedder.underWay, 10);
  controller.abort();
  assert.ok(isRefusal(await waits), "it has its share");
});

test("places that were kept for a tenant go to whoever waits as soon as that tenant is gone", async () => {
  const shedder = new Shedder({ ...limits, perTenantMax: 10 });
  const brief = take(shedder, "b");
  for (let i = 0; i < 7; i++) take(shedder, "a");
  const waits = [wait(shedder, "a"), wait(shedder, "a"), wait(shedder, "a")];
  brief();
  for (const one of await Promise.all(waits)) assert.ok(!isRefusal(one));
  assert.equal(shedder.underWay, 10);
});

test("a place that becomes free goes to the tenant that has the fewest", async () => {
  const shedder = new Shedder({ ...limits, totalMax: 4, perTenantMax: 4 });
  const held = [take(shedder, "a"), take(shedder, "a"), take(shedder, "a"), take(shedder, "a")];
  const order: string[] = [];
  const first = wait(shedder, "a").then(() => order.push("a"));
  const second = wait(shedder, "b").then(() => order.push("b"));
  held.pop()?.();
  await second;
  held.pop()?.();
  held.pop()?.();
  await first;
  assert.deepEqual(order, ["b", "a"]);
});

test("who waits too long, or finds the line full, is told to come again", async () => {
  const shedder = new Shedder({ totalMax: 1, perTenantMax: 1, waitingPerTenantMax: 2, waitMsMax: 20 });
  const held = take(shedder, "a");
  const late = [wait(shedder, "a"), wait(shedder, "a")];
  const full = await wait(shedder, "a");
  assert.ok(isRefusal(full));
  assert.deepEqual(full, {
    refused: "OVERLOADED",
    detail: { what: "What a tenant may ask for at once", limit: 1, retryAfterMs: 20 },
  });
  for (const one of await Promise.all(late)) assert.ok(isRefusal(one));
  held();
  held();
  assert.equal(shedder.underWay, 0, "a place is given back once");
  take(shedder, "a");
});

test("who does not want to wait any more leaves the line", async () => {
  const shedder = new Shedder({ ...limits, totalMax: 1, perTenantMax: 1 });
  const held = take(shedder, "a");
  const controller = new AbortController();
  const gone = shedder.enter(id("a"), controller.signal);
  const stays = wait(shedder, "a");
  controller.abort();
  assert.ok(isRefusal(await gone));
  held();
  assert.ok(!isRefusal(await stays));
});

test("whoever comes and goes, no bound is passed, nobody waits beside a free place, and all places come back", async () => {
  const action = fc.record({ tenant: fc.constantFrom("a", "b", "c"), leaves: fc.boolean(), which: fc.nat(20) });
  await fc.assert(
    fc.asyncProperty(fc.array(action, { maxLength: 120 }), async (actions) => {
      const small = { totalMax: 6, perTenantMax: 4, waitingPerTenantMax: 5, waitMsMax: 10_000 };
      const shedder = new Shedder(small);
      const held: { tenant: string; lease: Lease }[] = [];
      const waiting: Promise<unknown>[] = [];
      const aborts: AbortController[] = [];
      for (const { tenant, leaves, which } of actions) {
        if (leaves) {
          held.splice(which % Math.max(1, held.length), 1)[0]?.lease();
        } else {
          const controller = new AbortController();
          const entered = shedder.enter(id(tenant), controller.signal);
          if (typeof entered === "function") held.push({ tenant, lease: entered });
          else {
            aborts.push(controller);
            waiting.push(entered.then((lease) => void (isRefusal(lease) ? 0 : held.push({ tenant, lease }))));
          }
        }
        await Promise.resolve();
        await Promise.resolve();
        assert.ok(shedder.underWay <= small.totalMax);
        for (const name of ["a", "b", "c"]) {
          assert.ok(held.filter((one) => one.tenant === name).length <= small.perTenantMax);
        }
      }
      for (const controller of aborts) controller.abort();
      await Promise.all(waiting);
      for (const { lease } of held) lease();
      assert.equal(shedder.underWay, 0);
    }),
    { numRuns: 60 },
  );
});
