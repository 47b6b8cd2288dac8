/** A cell and its kernels: none, one, two, an older one, a hostile one (P3, P5). */
import assert from "node:assert/strict";
import { test } from "node:test";
import { incarnationNumber, parseTenantId, defined } from "../../src/base/index.ts";
import { encodeFrame } from "../../src/wire/index.ts";
import { cellFor, service } from "./cell-process.ts";

const ping = service("init() { return 0; } ping() { return ++this.state; }");

test("services keep their state while no kernel is connected, and the next kernel finds them", async (t) => {
  const { kernel, connect } = await cellFor(t);
  const id = await kernel.load(ping);
  await kernel.result(id, "ping");
  await kernel.close();
  const next = await connect();
  const welcome = await next.hello(2);
  assert.equal(welcome.tenant, "agent_1");
  assert.deepEqual(welcome.incarnations, [{ service: "svc", instance: 1, incarnation: 1, phase: "running" }]);
  assert.equal(await next.result(id, "ping"), 2);
});

test("reports are numbered, sent again to the next kernel, and forgotten once acknowledged", async (t) => {
  const { kernel, connect } = await cellFor(t);
  await kernel.load(ping);
  await kernel.load(ping, { incarnation: 2, service: "b" });
  kernel.stop(2, 0);
  await kernel.death(2);
  assert.deepEqual(
    kernel.all("report").map(({ number }) => number),
    [1, 2, 3],
  );
  kernel.send({ type: "acknowledge", report: 1 });
  await kernel.result(1, "ping");
  await kernel.close();
  const second = await connect();
  await second.hello(2);
  await second.death(2);
  assert.deepEqual(
    second.all("report").map(({ number }) => number),
    [2, 3],
  );
  second.send({ type: "acknowledge", report: 3 });
  await second.result(1, "ping");
  const third = await connect();
  await third.hello(3);
  await third.result(1, "ping");
  assert.deepEqual(third.reports, []);
});

test("an end that happens while no kernel is connected is reported to the next", async (t) => {
  const { kernel, connect } = await cellFor(t);
  await kernel.load(service(`die() { setTimeout(() => { throw new Error("alone"); }, 20); }`));
  await kernel.result(1, "die");
  await kernel.close();
  const next = await connect();
  await next.hello(2);
  const death = await next.death(1);
  assert.ok(death.type === "crashed" && death.error.message === "alone");
});

test("a kernel of an older epoch is fenced, at its hello and at its next decision", async (t) => {
  const { kernel, connect } = await cellFor(t);
  await kernel.load(ping);
  const newer = await connect();
  await newer.hello(5);
  const older = await connect();
  older.send({ type: "hello", epoch: 4 as never, cell: 1 as never });
  await older.gone();
  assert.deepEqual(older.all("fenced"), [{ type: "fenced", current: 5 }]);
  // The first kernel may end what it has under way, and decides nothing.
  assert.equal(await kernel.result(1, "ping"), 1);
  kernel.stop(1, 0);
  await kernel.gone();
  assert.deepEqual(kernel.all("fenced"), [{ type: "fenced", current: 5 }]);
  assert.equal(await newer.result(1, "ping"), 2);
});

test("with two kernels, outcomes go to the one that asked, reports and logs to the newest", async (t) => {
  const { kernel, connect } = await cellFor(t);
  const id = await kernel.load(
    service(`
      async slow() { await (await this.lookup("elsewhere")).call.work(); this.log.info("done"); return "slow"; }
      boom() { throw new Error("x"); }`),
  );
  const asked = kernel.call(id, "slow");
  const waiting = await kernel.until(() => kernel.all("call")[0]);
  const newer = await connect();
  await newer.hello(2);
  kernel.send({ type: "answer", id: waiting.id }, "1");
  assert.deepEqual(await asked, { result: "slow" });
  const boomed = kernel.call(id, "boom");
  await newer.death(id);
  assert.equal((await boomed).failure?.code, "CALL_FAILED");
  assert.deepEqual(newer.logs, ["done"]);
  assert.deepEqual(kernel.logs, []);
  assert.equal(
    kernel.reports.some(({ type }) => type === "ended"),
    false,
  );
});

const outward = service(`
  async ask(timeoutMs) {
    try { return await (await this.lookup("elsewhere")).with({ timeoutMs }).call.add(1, 2); }
    catch (error) { return error.code + " " + error.executed; }
  }
  async post() { const there = await this.lookup("elsewhere"); there.cast.note(1); there.send({ n: 2 }); return true; }
  start(timeoutMs) { this.answer = this.ask(timeoutMs); }
  async finish() { return this.answer; }
`);

test("calls, casts and messages to services of other cells go through the kernel", async (t) => {
  const { kernel } = await cellFor(t);
  const id = await kernel.load(outward);
  await kernel.result(id, "post");
  const asked = kernel.result(id, "ask", 5_000);
  const call = await kernel.until(() => kernel.frames.find(({ header }) => header.type === "call"));
  assert.ok(call.header.type === "call");
  assert.equal(call.header.service, "elsewhere");
  assert.equal(call.header.method, "add");
  assert.deepEqual(call.header.chain, [1]);
  assert.equal(new TextDecoder().decode(call.body), "[1,2]");
  kernel.send({ type: "answer", id: call.header.id }, "3");
  assert.equal(await asked, 3);
  const types = kernel.frames
    .map(({ header }) => header.type)
    .filter((type) => ["cast", "send", "call"].includes(type));
  assert.deepEqual(types, ["cast", "send", "call"]);
});

test("a failure that the kernel answers reaches the guest", async (t) => {
  const { kernel } = await cellFor(t);
  const id = await kernel.load(outward);
  const asked = kernel.result(id, "ask", 5_000);
  const call = await kernel.until(() => kernel.all("call")[0]);
  kernel.send({
    type: "answer",
    id: call.id,
    failure: { code: "SERVICE_NOT_FOUND", executed: "not_executed", message: "There is no service elsewhere." },
  });
  assert.equal(await asked, "SERVICE_NOT_FOUND not_executed");
});

test("a call is held while no kernel is connected, and goes to the next one", async (t) => {
  const { kernel, connect } = await cellFor(t);
  const id = await kernel.load(
    service(`
      later() { void this._ask(); }
      async _ask() {
        const there = await this.lookup("elsewhere");
        // It fails with the kernel that took it.
        await there.call.wait().catch(() => {});
        this.got = await there.call.add(1, 2);
      }
      get() { return this.got ?? null; }`),
  );
  await kernel.result(id, "later");
  await kernel.until(() => kernel.all("call")[0]);
  await kernel.close();
  const next = await connect();
  await next.hello(2);
  const call = await next.until(() => next.all("call")[0]);
  next.send({ type: "answer", id: call.id }, "3");
  const until = async (): Promise<unknown> => (await next.result(id, "get")) ?? until();
  assert.equal(await until(), 3);
});

test("a call that a kernel took is unknown, whether its time is over or the kernel is lost", async (t) => {
  const { kernel, connect } = await cellFor(t);
  const id = await kernel.load(outward);
  assert.equal(await kernel.result(id, "ask", 20), "CALL_TIMEOUT unknown");
  await kernel.result(id, "start", 60_000);
  const taken = await kernel.until(() => kernel.all("call")[1]);
  assert.ok(taken.id > 0);
  await kernel.close();
  const next = await connect();
  await next.hello(2);
  assert.equal(await next.result(id, "finish"), "CALL_LOST unknown");
});

test("a call that no kernel ever took times out as not executed", async (t) => {
  const cell = await cellFor(t);
  let { kernel } = cell;
  const id = await kernel.load(
    service(`
      outcomes = [];
      begin() { void this._ask(); }
      async _ask() {
        for (;;) {
          try { await (await this.lookup("elsewhere")).with({ timeoutMs: 1 }).call.add(); }
          catch (error) { this.outcomes.push(error.code + " " + error.executed); }
        }
      }
      said() { return this.outcomes.splice(0); }`),
  );
  await kernel.result(id, "begin");
  // Until one came and went while nobody was connected.
  for (let epoch = 2, said: readonly string[] = []; !said.includes("CALL_TIMEOUT not_executed"); epoch++) {
    await kernel.close();
    kernel = await cell.connect();
    await kernel.hello(epoch);
    said = (await kernel.result(id, "said")) as readonly string[];
  }
});

test("hostile frames cut off their connection; the cell and its services go on", async (t) => {
  const cell = await cellFor(t);
  const { kernel, connect } = cell;
  const id = await kernel.load(ping);
  const header = (value: unknown): Uint8Array => encodeFrame(value);
  const huge = encodeFrame({});
  new DataView(huge.buffer).setUint32(8, 0xffff_ffff, true);
  const attacks: readonly Uint8Array[] = [
    new TextEncoder().encode("GET / HTTP/1.1\r\n\r\n"),
    huge,
    encodeFrame("not an object"),
    header({ type: "nonsense" }),
    header({ type: "__proto__" }),
    header({ type: "hello", epoch: -1, cell: 1 }),
    header({ type: "hello", epoch: 0.5, cell: 1 }),
    // Orders before any hello.
    header({ type: "stop", incarnation: id, death: { type: "stopped", why: "normal" }, graceMs: 0 }),
    header({ type: "inspect", id: 1 }),
  ];
  for (const attack of attacks) {
    const hostile = await connect();
    hostile.raw(attack);
    await hostile.gone();
  }
  const odd = await connect();
  await odd.hello(1);
  odd.send({ type: "adopt", tenant: defined(parseTenantId("someone_else"), "tenant") });
  await odd.gone();
  assert.equal(await kernel.result(id, "ping"), 1);
  // A half frame, held for ever, harms nobody.
  const half = await connect();
  half.raw(encodeFrame({ type: "hello" }).subarray(0, 14));
  assert.equal(await kernel.result(id, "ping"), 2);
});

test("what is asked of an incarnation that is not there is answered, or dropped", async (t) => {
  const { kernel } = await cellFor(t);
  kernel.cast(99, "x");
  kernel.message(99, 1);
  kernel.stop(99, 0);
  const { failure } = await kernel.call(99, "x");
  assert.equal(failure?.code, "SERVICE_NOT_RUNNING");
  assert.equal(failure.executed, "not_executed");
  assert.equal(incarnationNumber(99), 99);
});

test("a kernel's call that is not answered in time is answered with a timeout", async (t) => {
  const { kernel } = await cellFor(t);
  const id = await kernel.load(service(`hang() { this.log.info("began"); return new Promise(() => {}); }`));
  const hung = kernel.call(id, "hang", [], 200);
  await kernel.until(() => kernel.logs[0]);
  const [first, second] = await Promise.all([hung, kernel.call(id, "hang", [], 20)]);
  assert.deepEqual([first.failure?.code, first.failure?.executed], ["CALL_TIMEOUT", "unknown"]);
  assert.deepEqual([second.failure?.code, second.failure?.executed], ["CALL_TIMEOUT", "not_executed"]);
});

test("a cell ends with its parent's pipe", async (t) => {
  const cell = await cellFor(t);
  cell.process.stdio[4]?.destroy();
  const { signal } = await cell.exited;
  assert.equal(signal, "SIGKILL");
});
