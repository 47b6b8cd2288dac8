import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import {
  cellNumber,
  defined,
  incarnationNumber,
  limits,
  parseServiceId,
  parseTenantId,
  type ServiceId,
  type TenantId,
} from "../base/index.ts";
import { Breakers } from "./breakers.ts";
import type { Held } from "./cell.ts";
import { CellLink } from "./cell-link.ts";
import { Peer } from "./peer.testing.ts";
import { type Absence, Router } from "./router.ts";

const tenantOf = (name: string): TenantId => defined(parseTenantId(name), "a tenant's name");
const serviceOf = (name: string): ServiceId => defined(parseServiceId(name), "a service's name");
const acme = tenantOf("acme");
const counter = serviceOf("counter");
const at = { tenant: acme, service: counter, method: "add" };
const megabytes = (count: number): Uint8Array => new Uint8Array(count * 1024 * 1024);
const nothing = new Uint8Array(0);

/** A router over a state that a test changes: what is not named is coming. */
function world(durable: () => Promise<void> = async () => undefined) {
  const absences = new Map<string, Absence>();
  const router = new Router({
    absence: (tenant, service) => absences.get(`${tenant}/${service}`) ?? { name: "coming" },
    breakers: new Breakers({
      policy: { failuresMax: 5, resetMs: 1_000 },
      nowMs: () => 0,
      opened: () => undefined,
      closed: () => undefined,
    }),
    throttleMs: 0,
    durable,
    trace: async (_tenant, _service, stack) => stack,
  });
  return { router, become: (absence: Absence) => void absences.set(`${acme}/${counter}`, absence) };
}

const held = (service: ServiceId): Held => ({
  service,
  instance: 1,
  incarnation: incarnationNumber(1),
  release: undefined,
  phase: "running",
});

async function withLink(run: (peer: Peer, link: CellLink) => Promise<void>): Promise<void> {
  await using peer = await Peer.listen();
  using link = new CellLink(
    { socket: peer.path, cell: cellNumber(1), epoch: 2 as ConstructorParameters<typeof CellLink>[0]["epoch"] },
    { onWelcome: () => undefined, onMessage: () => undefined, onClosed: () => undefined },
  );
  await peer.hear("hello");
  await run(peer, link);
}

test("messages to a service that starts wait for it, and arrive in the order in which they were sent", () =>
  withLink(async (peer, link) => {
    const { router } = world();
    for (const from of ["a", "b", "c"]) assert.equal(await router.cast(at, nothing, from), undefined);
    router.add(acme, held(counter), link);
    assert.equal(await router.cast(at, nothing, "d"), undefined);
    const froms: unknown[] = [];
    for (let n = 0; n < 4; n++) froms.push((await peer.hear("cast")).header["from"]);
    assert.deepEqual(froms, ["a", "b", "c", "d"]);
  }));

test("so many bytes of a tenant's messages wait, for all its services together; another tenant's are not refused", async () => {
  const { router } = world();
  const whole = limits.parkedBytesPerTenantMax / (4 * 1024 * 1024);
  for (let n = 0; n < whole; n++) {
    const service = serviceOf(`s${n % 3}`);
    assert.equal(await router.cast({ ...at, service }, megabytes(4), "a"), undefined);
  }
  const refused = await router.cast({ ...at, service: serviceOf("another") }, new Uint8Array(1), "a");
  assert.equal(refused?.refusal.refused, "OVERLOADED");
  const called = await router.call(at, new Uint8Array(1), 1_000, "a");
  assert.ok("refusal" in called && called.refusal.refused === "OVERLOADED");
  assert.equal(await router.cast({ ...at, tenant: tenantOf("other") }, megabytes(4), "a"), undefined);
});

test("so many messages wait for one service", async () => {
  const { router } = world();
  for (let n = 0; n < limits.parkedMessagesMax; n++) assert.equal(await router.cast(at, nothing, "a"), undefined);
  assert.equal((await router.cast(at, nothing, "a"))?.refusal.refused, "OVERLOADED");
});

test("a message that nobody waits for is given up after a while, and makes room", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const { router } = world();
  for (let n = 0; n < limits.parkedBytesPerTenantMax / (4 * 1024 * 1024); n++) {
    await router.cast(at, megabytes(4), "a");
  }
  assert.notEqual(await router.cast(at, megabytes(1), "a"), undefined);
  t.mock.timers.tick(limits.parkedCastMsMax);
  assert.equal(await router.cast(at, megabytes(1), "a"), undefined);
});

test("whoever waits for a service that is gone is told so", async () => {
  for (const [absence, code] of [
    [{ name: "absent" }, "SERVICE_NOT_FOUND"],
    [{ name: "stopped", why: "it was killed" }, "SERVICE_NOT_RUNNING"],
  ] as const) {
    const { router, become } = world();
    const answer = router.call(at, nothing, 60_000, "a");
    router.review(acme);
    become(absence);
    router.review(tenantOf("other"));
    assert.equal(router.underWay, 1);
    router.review(acme);
    const told = await answer;
    assert.ok("refusal" in told && told.refusal.refused === code);
  }
});

test("messages to a deleted tenant do not reach the next one of its name", () =>
  withLink(async (peer, link) => {
    const { router, become } = world();
    await router.cast(at, nothing, "before");
    become({ name: "absent" });
    router.review(acme);
    become({ name: "coming" });
    await router.cast(at, nothing, "after");
    router.add(acme, held(counter), link);
    assert.equal((await peer.hear("cast")).header["from"], "after");
  }));

test("what a refused message tells of the state is durable before it is told", async () => {
  const disk = Promise.withResolvers<void>();
  const { router, become } = world(() => disk.promise);
  become({ name: "absent" });
  let told = false;
  const refused = router.cast(at, nothing, "a").then((answer) => {
    told = true;
    return answer;
  });
  await turn();
  assert.equal(told, false);
  disk.resolve();
  assert.equal((await refused)?.refusal.refused, "SERVICE_NOT_FOUND");
});

test("a guest, too, is told what the state says when that is durable", () =>
  withLink(async (peer, link) => {
    const disk = Promise.withResolvers<void>();
    const { router, become } = world(() => disk.promise);
    become({ name: "absent" });
    const call = { type: "call", id: 1, caller: incarnationNumber(1), timeoutMs: 1_000, chain: [] } as const;
    router.callFrom(acme, held(serviceOf("asker")), link, { ...call, service: counter, method: "add" }, nothing);
    link.send({ type: "acknowledge", report: 1 });
    await peer.hear("acknowledge");
    disk.resolve();
    const { header } = await peer.hear("answer");
    assert.equal((header["failure"] as { readonly code: string }).code, "SERVICE_NOT_FOUND");
  }));
