/**
 * References across the cells of a tenant, each service in a cell of its own: they arrive live whichever way they are sent,
 * mean one life or follow a service, and are no key to another tenant's (P2).
 */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { SoloClient } from "../../src/client/index.ts";
import { eventsOf, service } from "./asking.ts";
import { call, Solo, until } from "./solo.ts";

let solo: Solo;
let tenant: SoloClient;

const holder = service(`
  kept: any = undefined;
  early: any = undefined;
  ping(n = 0) { return [this.pid, n]; }
  keep(...given: any[]) { [this.kept] = given; return { given: given.length, mine: this.self }; }
  onMessage(message: any) { this.kept = message.reference; }
  holds() { return this.kept?.name ?? "nothing"; }
  forget() { this.kept = undefined; }
  me() { return { mine: this.self }; }
  leak() { return [this.self]; }
  die() { throw new Error("on purpose"); }
  begin() { this.early = this.kept.call.ping(); }
  async begun() { return this.early; }
  async use() {
    try { return await this.kept.call.ping(7); } catch (error: any) { return [error.code, error.executed]; }
  }
  tell() { this.kept.cast.ping(); this.kept.send({ reference: this.self }); return "sent"; }
  /** Sends a reference to \`what\` (nothing: to this life) to another service, in one of four ways; gives what came of it. */
  async give(to: string, how: string, what?: string) {
    const there: any = await this.lookup(to);
    const reference = what === undefined ? this.self : await this.lookup(what);
    if (how === "cast") there.cast.keep(reference);
    else if (how === "send") there.send({ reference });
    else if (how === "call") {
      const { given, mine } = await there.call.keep(reference, [new Map([["deep", reference]])]);
      return [given, (await mine.call.ping(1))[1]];
    } else this.kept = (await there.call.me()).mine;
    return "sent";
  }
  async meet(name: string) { return (await this.lookup(name) as any).call.back("a"); }
  async back(name: string) {
    try { return await (await this.lookup(name) as any).call.ping(); } catch (error: any) { return error.code; }
  }`);

before(async () => {
  solo = await Solo.start({ config: { services_per_cell_max: 1 } });
  tenant = await solo.tenant("apart");
  for (const serviceId of ["a", "b", "c"]) await tenant.deploy({ serviceId, code: holder });
});
after(() => solo[Symbol.asyncDispose]());

/** Until what was sent has arrived. */
const holds = (serviceId: string, name: string): Promise<void> =>
  until(`${serviceId} to hold ${name}`, async () => (await call(tenant, serviceId, "holds")) === name);

test("each service is in a cell of its own", async () => {
  const cells = (await eventsOf(await solo.client("admin"), ["service_deployed"])).map(
    ({ payload }) => payload?.["cell"],
  );
  assert.equal(new Set(cells).size, 3);
});

for (const how of ["call", "cast", "send"]) {
  test(`${how}: a reference to a third service, and one to the sender's life, arrive live in another cell`, async () => {
    const came = how === "call" ? [2, 1] : "sent";
    const [c] = (await call(tenant, "c", "ping")) as readonly [string];
    const [a] = (await call(tenant, "a", "ping")) as readonly [string];
    assert.deepEqual(await call(tenant, "a", "give", ["b", how, "c"]), came);
    await holds("b", "c");
    assert.deepEqual(await call(tenant, "b", "use"), [c, 7]);
    assert.deepEqual(await call(tenant, "a", "give", ["b", how]), came);
    await holds("b", "a");
    assert.deepEqual(await call(tenant, "b", "use"), [a, 7]);
    await call(tenant, "b", "forget");
  });
}

test("a reference in a result arrives live; and can be used to cast and to send", async () => {
  const [b] = (await call(tenant, "b", "ping")) as readonly [string];
  await call(tenant, "a", "give", ["b", "result"]);
  assert.deepEqual(await call(tenant, "a", "use"), [b, 7]);
  assert.equal(await call(tenant, "a", "tell"), "sent");
  await holds("b", "a");
});

test("a client is given none", async () => {
  await assert.rejects(call(tenant, "a", "leak"), { code: "NOT_SERIALIZABLE" });
});

test("one that names a life ends with it, with a typed error; one that names a service follows its next life", async () => {
  const [before] = (await call(tenant, "c", "ping")) as readonly [string];
  await call(tenant, "c", "give", ["a", "call"]);
  await call(tenant, "c", "give", ["b", "call", "c"]);
  assert.deepEqual(await call(tenant, "a", "use"), [before, 7]);
  await assert.rejects(call(tenant, "c", "die"), { code: "CALL_FAILED" });
  // It is not there just now, and will be: what is sent to it waits, with its references.
  assert.equal(await call(tenant, "b", "give", ["c", "cast", "a"]), "sent");
  await holds("c", "a");
  const [next] = (await call(tenant, "c", "ping")) as readonly [string];
  assert.notEqual(next, before);
  assert.deepEqual(await call(tenant, "a", "use"), ["SERVICE_NOT_RUNNING", "not_executed"]);
  assert.equal(await call(tenant, "a", "tell"), "sent", "what is sent to it is dropped, as to a process that ended");
  assert.deepEqual(await call(tenant, "b", "use"), [next, 7]);
});

test("a life that still starts can be handed on: calls wait for it", async () => {
  const slow = service(`
    async init() {
      (await this.lookup("a") as any).cast.keep(this.self);
      const a: any = await this.lookup("a");
      while ((await a.call.holds()) !== "slow") await new Promise((done) => setTimeout(done, 5));
      a.cast.begin();
      await new Promise((done) => setTimeout(done, 50));
    }
    ping() { return this.pid; }`);
  const deployed = tenant.deploy({ serviceId: "slow", code: slow });
  await holds("a", "slow");
  const { pid } = await deployed;
  assert.equal(await call(tenant, "a", "begun"), pid);
});

test("references outlive the kernel, and are handed on after it as before", async () => {
  const [a] = (await call(tenant, "a", "ping")) as readonly [string];
  await call(tenant, "a", "give", ["b", "call"]);
  await solo.killKernel();
  await until("the next kernel", () =>
    call(tenant, "b", "holds").then(
      () => true,
      () => false,
    ),
  );
  assert.deepEqual(await call(tenant, "b", "use"), [a, 7]);
  await call(tenant, "a", "give", ["c", "cast"]);
  await holds("c", "a");
  assert.deepEqual(await call(tenant, "c", "use"), [a, 7]);
});

test("a call that would come back to who waits for it is a cycle, across cells too", async () => {
  const began = performance.now();
  assert.equal(await call(tenant, "a", "meet", ["b"]), "CALL_CYCLE");
  assert.ok(performance.now() - began < 4_000, "at once, and not when its time is up");
});
