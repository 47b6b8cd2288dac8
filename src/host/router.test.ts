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
import { type Heard, Peer } from "./peer.testing.ts";
import { type Absence, Router } from "./router.ts";
import type { Life } from "./slots.ts";

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
  const lives = new Map<string, Life>();
  const router = new Router({
    absence: (tenant, service) => absences.get(`${tenant}/${service}`) ?? { name: "coming" },
    life: (tenant, service, incarnation) => lives.get(`${tenant}/${service}/${incarnation}`) ?? "unknown",
    instances: () => 1,
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
  return {
    router,
    become: (absence: Absence) => void absences.set(`${acme}/${counter}`, absence),
    live: (service: ServiceId, incarnation: number, life: Life) =>
      void lives.set(`${acme}/${service}/${incarnation}`, life),
  };
}

const held = (service: ServiceId, incarnation = 1): Held => ({
  service,
  instance: 1,
  incarnation: incarnationNumber(incarnation),
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
  // Each weighs a little more than its bytes.
  const whole = limits.parkedBytesPerTenantMax / (4 * 1024 * 1024) - 1;
  for (let n = 0; n < whole; n++) {
    const service = serviceOf(`s${n % 3}`);
    assert.equal(await router.cast({ ...at, service }, megabytes(4), "a"), undefined);
  }
  const more = new Uint8Array(20_000);
  while ((await router.cast({ ...at, service: serviceOf("s1") }, more, "a")) === undefined);
  const refused = await router.cast({ ...at, service: serviceOf("another") }, more, "a");
  assert.equal(refused?.refusal.refused, "OVERLOADED");
  const called = await router.call(at, more, 1_000, "a");
  assert.ok("refusal" in called && called.refusal.refused === "OVERLOADED");
  assert.equal(await router.cast({ ...at, tenant: tenantOf("other") }, megabytes(4), "a"), undefined);
});

test("the arguments of a tenant's calls under way are bounded together; what is answered makes room, another tenant has its own", () =>
  withLink(async (peer, link) => {
    const { router } = world();
    const other = tenantOf("other");
    router.add(acme, held(counter), link);
    const count = limits.callBytesInFlightMax / (4 * 1024 * 1024) - 1;
    // So that the link is read, and never choked, each is heard before the next.
    const open: Promise<unknown>[] = [];
    const ids: unknown[] = [];
    for (let n = 0; n < count; n++) {
      open.push(router.call(at, megabytes(4), 60_000, "a"));
      ids.push((await peer.hear("call")).header["id"]);
    }
    const refused = await router.call(at, megabytes(4), 60_000, "a");
    assert.ok("refusal" in refused && refused.refusal.refused === "OVERLOADED" && refused.executed === "not_executed");
    const parked = router.call({ ...at, tenant: other }, megabytes(4), 60_000, "a");
    assert.equal(router.underWay, count + 1);
    peer.say({ type: "outcome", id: ids[0] }, nothing);
    await open[0];
    open.push(router.call(at, megabytes(4), 60_000, "a"));
    assert.equal((await peer.hear("call")).body.length, 4 * 1024 * 1024);
    router.end();
    await Promise.all([...open, parked]);
    assert.equal(router.underWay, 0);
  }));

test("so many messages wait for one service", async () => {
  const { router } = world();
  for (let n = 0; n < limits.parkedMessagesMax; n++) assert.equal(await router.cast(at, nothing, "a"), undefined);
  assert.equal((await router.cast(at, nothing, "a"))?.refusal.refused, "OVERLOADED");
});

test("a message that nobody waits for is given up after a while, and makes room", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const { router } = world();
  for (let n = 0; n < limits.parkedBytesPerTenantMax / (4 * 1024 * 1024) - 1; n++) {
    await router.cast(at, megabytes(4), "a");
  }
  await router.cast(at, megabytes(3), "a");
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

test("a call that waits for its service when the node ends is told that it did not run, and does not", () =>
  withLink(async (peer, link) => {
    const { router } = world();
    const waiting = router.call(at, nothing, 60_000, "a");
    router.end();
    const told = await waiting;
    assert.ok("refusal" in told && told.refusal.refused === "SHUTTING_DOWN" && told.executed === "not_executed");
    router.add(acme, held(counter), link);
    link.send({ type: "acknowledge", report: 1 });
    await peer.hear("acknowledge");
    assert.deepEqual(peer.unheard, [], "it was not sent before that");
  }));

test("a call that was under way when the node ended is given to nobody else, whatever its cell says of it then", () =>
  withLink(async (peer, link) => {
    const { router } = world();
    router.add(acme, held(counter), link);
    const underWay = router.call(at, nothing, 60_000, "a", { key: "k" });
    const repeated = router.call(at, nothing, 60_000, "a", { key: "other", sinceMs: 5 });
    const ids = [(await peer.hear("call")).header["id"], (await peer.hear("call")).header["id"]];
    router.add(acme, held(counter, 2), link);
    router.end();
    for (const told of await Promise.all([underWay, repeated])) {
      assert.ok("refusal" in told && told.refusal.refused === "SHUTTING_DOWN" && told.executed === "unknown");
    }
    const failure = { code: "SERVICE_NOT_RUNNING", executed: "not_executed", message: "it is stopping" };
    for (const id of ids) peer.say({ type: "outcome", id, failure });
    // Behind these, so that both have been taken.
    const asked = link.inspect(60_000);
    const { header } = await peer.hear("inspect");
    peer.say({ type: "inspected", id: header["id"], usages: [] });
    await asked;
    link.send({ type: "acknowledge", report: 1 });
    await peer.hear("acknowledge");
    assert.deepEqual(peer.unheard, [], "no further call was sent");
  }));

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

const asker = held(serviceOf("asker"), 7);
const called = { type: "call", id: 1, caller: asker.incarnation, timeoutMs: 1_000, chain: [] } as const;
const toCounter = { ...called, service: counter, method: "add" } as const;
const textOf = (body: Uint8Array): string => new TextDecoder().decode(body);
const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);
const codeOf = ({ header }: Heard): unknown => (header["failure"] as { readonly code: string } | undefined)?.code;

test("references pass between the cells of a tenant: names, lives, and lives that ended", () =>
  withLink(async (peer, link) => {
    const { router, live } = world();
    live(counter, 1, "lives");
    live(counter, 2, "ended");
    router.add(acme, held(counter), link);
    const slots = [
      { service: serviceOf("nobody-yet") },
      { service: counter, incarnation: incarnationNumber(1) },
      { service: counter, incarnation: incarnationNumber(2) },
    ];
    router.callFrom(acme, asker, link, { ...toCounter, slots }, bytesOf("[1]"));
    router.passOn(
      acme,
      asker,
      { type: "cast", caller: asker.incarnation, service: counter, method: "add", slots },
      nothing,
    );
    router.passOn(acme, asker, { type: "send", caller: asker.incarnation, service: counter, slots }, nothing);
    for (const type of ["cast", "send"]) assert.deepEqual((await peer.hear(type)).header["slots"], slots);
    const { header, body } = await peer.hear("call");
    assert.deepEqual([header["slots"], textOf(body)], [slots, "[1]"]);
    peer.say({ type: "outcome", id: header["id"], slots }, bytesOf("2"));
    const answer = await peer.hear("answer");
    assert.deepEqual([answer.header["slots"], textOf(answer.body)], [slots, "2"]);
  }));

test("a caller among the services may be answered with references, whether it sent some or not; a client may not", () =>
  withLink(async (peer, link) => {
    const { router } = world();
    router.add(acme, held(counter), link);
    router.callFrom(acme, asker, link, toCounter, nothing);
    assert.deepEqual((await peer.hear("call")).header["slots"], []);
    const refused = router.call(at, nothing, 1_000, "a");
    const { header } = await peer.hear("call");
    assert.equal(header["slots"], undefined);
    // Only a hostile cell would.
    peer.say({ type: "outcome", id: header["id"], slots: [{ service: "counter" }] }, bytesOf("1"));
    const told = await refused;
    assert.ok("refusal" in told && told.refusal.refused === "NOT_SERIALIZABLE" && told.executed === "executed");
  }));

test("a life that a cell made up passes nowhere: the call is refused, the message dropped, the result withheld", () =>
  withLink(async (peer, link) => {
    const { router, live } = world();
    live(counter, 1, "lives");
    router.add(acme, held(counter), link);
    const message = { caller: asker.incarnation, service: counter } as const;
    for (const forged of [
      { service: counter, incarnation: incarnationNumber(99) },
      // The number is somebody's, the name is not.
      { service: serviceOf("bank"), incarnation: incarnationNumber(1) },
    ]) {
      const slots = [{ service: counter }, forged];
      router.callFrom(acme, asker, link, { ...toCounter, slots }, nothing);
      assert.equal(codeOf(await peer.hear("answer")), "NOT_SERIALIZABLE");
      router.passOn(acme, asker, { type: "cast", ...message, method: "add", slots }, nothing);
      router.passOn(acme, asker, { type: "send", ...message, slots }, nothing);
      router.callFrom(acme, asker, link, toCounter, nothing);
      const { header } = await peer.hear("call");
      peer.say({ type: "outcome", id: header["id"], slots }, bytesOf("1"));
      const answer = await peer.hear("answer");
      assert.deepEqual([codeOf(answer), textOf(answer.body)], ["NOT_SERIALIZABLE", ""]);
    }
    router.passOn(acme, asker, { type: "cast", ...message, method: "last" }, nothing);
    assert.equal((await peer.hear("cast")).header["method"], "last", "nothing came before it");
  }));

test("what is for one life of a service waits for it and for no other, in order, with its references", () =>
  withLink(async (peer, link) => {
    const { router, live } = world();
    live(counter, 2, "lives");
    const slots = [{ service: counter, incarnation: incarnationNumber(2) }];
    const cast = { type: "cast", caller: asker.incarnation, service: counter, slots } as const;
    const incarnation = incarnationNumber(2);
    router.passOn(acme, asker, { ...cast, method: "a" }, nothing);
    router.passOn(acme, asker, { ...cast, method: "b", incarnation }, nothing);
    router.passOn(acme, asker, { ...cast, method: "c", incarnation }, nothing);
    router.add(acme, held(counter, 1), link);
    router.passOn(acme, asker, { ...cast, method: "d", incarnation }, nothing);
    router.passOn(acme, asker, { ...cast, method: "e" }, nothing);
    router.add(acme, held(counter, 2), link);
    const heard: unknown[] = [];
    for (let n = 0; n < 5; n++) {
      const { header } = await peer.hear("cast");
      assert.deepEqual(header["slots"], slots);
      heard.push(`${String(header["method"])}${String(header["incarnation"])}`);
    }
    assert.deepEqual(heard, ["a1", "e1", "b2", "c2", "d2"]);
  }));

test("who calls a life that ended is told so, at once or when it ends", () =>
  withLink(async (peer, link) => {
    const { router, live } = world();
    router.add(acme, held(counter, 3), link);
    const call = { ...toCounter, incarnation: incarnationNumber(2) };
    for (const life of ["ended", "unknown"] as const) {
      live(counter, 2, life);
      router.callFrom(acme, asker, link, call, nothing);
      assert.equal(codeOf(await peer.hear("answer")), "SERVICE_NOT_RUNNING");
    }
    live(counter, 2, "lives");
    router.callFrom(acme, asker, link, call, nothing);
    router.review(acme);
    assert.equal(router.underWay, 1);
    live(counter, 2, "ended");
    router.review(acme);
    assert.equal(codeOf(await peer.hear("answer")), "SERVICE_NOT_RUNNING");
    // The news of its end is on its way, and its cell knows it already: no other life is asked instead.
    live(counter, 3, "lives");
    router.callFrom(acme, asker, link, { ...call, incarnation: incarnationNumber(3) }, nothing);
    const { header } = await peer.hear("call");
    const failure = { code: "SERVICE_NOT_RUNNING", executed: "not_executed", message: "it ended" };
    peer.say({ type: "outcome", id: header["id"], failure });
    assert.equal(codeOf(await peer.hear("answer")), "SERVICE_NOT_RUNNING");
  }));

test("a call across cells goes to an instance that does not wait for it; if all do, it is a cycle", () =>
  withLink(async (peer, link) => {
    const { router } = world();
    router.add(acme, held(counter, 1), link);
    const chain = [incarnationNumber(1), asker.incarnation];
    router.callFrom(acme, asker, link, { ...toCounter, chain }, nothing);
    assert.equal(codeOf(await peer.hear("answer")), "CALL_CYCLE");
    router.add(acme, held(counter, 2), link);
    for (let n = 0; n < 3; n++) {
      router.callFrom(acme, asker, link, { ...toCounter, chain }, nothing);
      assert.equal((await peer.hear("call")).header["incarnation"], 2);
    }
  }));

test("references count for what waits", async () => {
  const { router } = world();
  const slots = Array.from({ length: limits.slotsMax }, () => ({ service: counter }));
  assert.equal(await router.cast({ ...at, service: serviceOf("last") }, megabytes(1), "a"), undefined);
  for (let n = 0; n < limits.parkedMessagesMax; n++) {
    router.passOn(acme, asker, { type: "send", caller: asker.incarnation, service: counter, slots }, nothing);
  }
  const refused = await router.cast({ ...at, service: serviceOf("last") }, megabytes(1), "a");
  assert.equal(refused?.refusal.refused, "OVERLOADED");
});

test("a guest, too, is told what the state says when that is durable", () =>
  withLink(async (peer, link) => {
    const disk = Promise.withResolvers<void>();
    const { router, become } = world(() => disk.promise);
    become({ name: "absent" });
    const call = { type: "call", id: 1, caller: incarnationNumber(1), timeoutMs: 1_000, chain: [] } as const;
    router.callFrom(acme, held(serviceOf("asker")), link, { ...call, service: counter, method: "add" }, nothing);
    await turn();
    link.send({ type: "acknowledge", report: 1 });
    await peer.hear("acknowledge");
    assert.deepEqual(peer.unheard, [], "it is not told before that");
    disk.resolve();
    const { header } = await peer.hear("answer");
    assert.equal((header["failure"] as { readonly code: string }).code, "SERVICE_NOT_FOUND");
  }));

test("a call that may come again says by what it is known; one that does, what it may have been given to", () =>
  withLink(async (peer, link) => {
    const { router } = world();
    router.add(acme, held(counter), link);
    void router.call(at, nothing, 1_000, "a", { key: "k" });
    const { header } = await peer.hear("call");
    assert.deepEqual(header["request"], { key: "k" });
    const repeated = router.call(at, nothing, 1_000, "a", { key: "k", sinceMs: 5 });
    const again = await peer.hear("call");
    assert.deepEqual(again.header["request"], { key: "k", again: { sinceMs: 5, lives: [1], begin: true } });
    peer.say({ type: "outcome", id: again.header["id"] }, bytesOf("1"));
    const told = await repeated;
    assert.ok("result" in told && textOf(told.result) === "1");
  }));

test("a call whose life ended is not given to the next one while it is being asked for", () =>
  withLink(async (peer, link) => {
    const { router } = world();
    router.add(acme, held(counter), link);
    const first = router.call(at, nothing, 60_000, "a", { key: "k" });
    const { header } = await peer.hear("call");
    router.add(acme, held(counter, 2), link);
    const repeated = router.call(at, nothing, 60_000, "a", { key: "k", sinceMs: 5 });
    const again = await peer.hear("call");
    const failure = { code: "SERVICE_NOT_RUNNING", executed: "not_executed", message: "it ended" };
    peer.say({ type: "outcome", id: header["id"], failure });
    const told = await first;
    assert.ok("refusal" in told && told.refusal.refused === "CALL_LOST" && told.executed === "unknown");
    peer.say({ type: "outcome", id: again.header["id"] }, bytesOf("1"));
    assert.ok("result" in (await repeated));
    // Nobody asks for it any more: the next one may have it.
    const other = router.call(at, nothing, 60_000, "a", { key: "other" });
    const asked = await peer.hear("call");
    peer.say({ type: "outcome", id: asked.header["id"], failure });
    const next = await peer.hear("call");
    peer.say({ type: "outcome", id: next.header["id"] }, bytesOf("2"));
    assert.ok("result" in (await other));
  }));

test("a call that comes again while its service starts waits, and is asked for with the life that came", () =>
  withLink(async (peer, link) => {
    const { router } = world();
    const repeated = router.call(at, nothing, 1_000, "a", { key: "k", sinceMs: 5 });
    router.add(acme, held(counter, 2), link);
    const { header } = await peer.hear("call");
    assert.deepEqual(header["request"], { key: "k", again: { sinceMs: 5, lives: [2], begin: true } });
    peer.say({
      type: "outcome",
      id: header["id"],
      failure: { code: "CALL_LOST", executed: "unknown", message: "it is younger" },
    });
    const told = await repeated;
    assert.ok("refusal" in told && told.refusal.refused === "CALL_LOST" && told.executed === "unknown");
  }));

test("why a call that comes again goes nowhere says nothing of the first time", async () => {
  const { router, become } = world();
  become({ name: "stopped", why: "it was killed" });
  for (const [request, executed] of [
    [{ key: "k" }, "not_executed"],
    [{ key: "k", sinceMs: 5 }, "unknown"],
  ] as const) {
    const told = await router.call(at, nothing, 1_000, "a", request);
    assert.ok("refusal" in told && told.refusal.refused === "SERVICE_NOT_RUNNING");
    assert.equal(told.executed, executed);
  }
});
