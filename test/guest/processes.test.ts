/** Processes within a service: spawned, supervised, linked and monitored, in a real cell. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { cellFor } from "../cell/cell-process.ts";

const module = (body: string, supervision = ""): string => `
import { Service, Refusal } from "solo:service";
class Worker extends Service {
  init(args) { this.log.info("begins", args.name ?? ""); return { count: 0, name: args.name }; }
  add(n = 1) { return (this.state.count += n); }
  boom() { throw new TypeError("boom"); }
  refuse() { throw new Refusal("no"); }
  slow() { return new Promise(() => {}); }
  self_() { return this.self; }
  sum(values) { return [...values.keys()].length + values.get("at").getTime(); }
  who() { return this.pid; }
  tick() { this.after(1, "tick"); }
  onMessage(message) { this.state.count += message === "tick" ? 100 : 1; }
  terminate() { this.log.info("terminates", this.state.name ?? ""); }
}
class Bad extends Service { init() { throw new Error("bad init"); } }
export default class Svc extends Service {
  ${supervision}
  ${body}
}`;

test("a process has its own mailbox and state, and values travel to it as they do to services", async (t) => {
  const { kernel } = await cellFor(t);
  const id = await kernel.load(
    module(`
      async init() { return { a: await this.spawn(Worker), b: await this.spawn(Worker, { name: "b" }) }; }
      async run() {
        const { a, b } = this.state;
        b.cast.add(5); b.send("x");
        const results = [await a.call.add(), await b.call.add(), await a.call.sum(new Map([["at", new Date(7)]]))];
        a.cast.tick();
        await new Promise((done) => setTimeout(done, 20));
        const refused = await a.call.refuse().catch((error) => error.code);
        const missing = await a.call.nothing().catch((error) => error.code + " " + error.executed);
        const late = await a.with({ timeoutMs: 5 }).call.slow().catch((error) => error.code);
        return [...results, refused, missing, late, await b.call.who(), (await b.call.self_()) === b];
      }
      async many() { let n; for (let i = 0; i < 2000; i++) n = await this.state.b.call.add(); return n; }
      leak() { return this.state.a; }`),
  );
  assert.deepEqual(await kernel.result(id, "run"), [
    1,
    7,
    8,
    "CALL_FAILED",
    "METHOD_NOT_FOUND not_executed",
    "CALL_TIMEOUT",
    "<0.1.1>#2",
    true,
  ]);
  assert.equal(await kernel.result(id, "many"), 2_007);
  assert.equal((await kernel.call(id, "leak")).failure?.code, "NOT_SERIALIZABLE");
});

test("a process that crashes is started afresh, and the service goes on; its reference follows", async (t) => {
  const { kernel } = await cellFor(t);
  const id = await kernel.load(
    module(`
      async init() { return { a: await this.spawn(Worker) }; }
      async run() {
        const { a } = this.state;
        await a.call.add(10);
        const failed = await a.call.boom().catch((error) => [error.code, error.cause.message]);
        return [failed, await a.call.add()];
      }`),
  );
  assert.deepEqual(await kernel.result(id, "run"), [["CALL_FAILED", "boom"], 1]);
  assert.deepEqual(await kernel.result(id, "run"), [["CALL_FAILED", "boom"], 1]);
});

test("past the intensity the supervisor ends, and with the service's own, the service", async (t) => {
  const { kernel } = await cellFor(t);
  const id = await kernel.load(
    module(
      `async init() { return { a: await this.spawn(Worker) }; }
       async run() { for (let i = 0; i < 3; i++) await this.state.a.call.boom().catch(() => {}); return "survived"; }`,
      "static supervision = { restartsMax: 1, withinMs: 10_000 };",
    ),
  );
  await kernel.call(id, "run");
  const death = await kernel.death(id);
  assert.ok(death.type === "crashed");
  assert.match(death.error.message, /Worker#1 ended too often, last with TypeError: boom/);
});

test("one_for_all and rest_for_one start the siblings afresh that OTP's rules name", async (t) => {
  const { kernel } = await cellFor(t);
  for (const [incarnation, strategy, expected] of [
    [1, "one_for_one", [6, 1, 6]],
    [2, "rest_for_one", [6, 1, 1]],
    [3, "one_for_all", [1, 1, 1]],
  ] as const) {
    const id = await kernel.load(
      module(
        `async init() { return { all: [await this.spawn(Worker), await this.spawn(Worker), await this.spawn(Worker)] }; }
         async run() {
           for (const one of this.state.all) await one.call.add(5);
           await this.state.all[1].call.boom().catch(() => {});
           return Promise.all(this.state.all.map((one) => one.call.add(1)));
         }`,
        `static supervision = { strategy: "${strategy}" };`,
      ),
      { service: strategy, incarnation },
    );
    assert.deepEqual(await kernel.result(id, "run"), expected, strategy);
  }
});

test("a temporary process is not started again, and a monitor tells why it ended", async (t) => {
  const { kernel } = await cellFor(t);
  const id = await kernel.load(
    module(`
      async init() { return { downs: [] }; }
      async run() {
        const a = await this.spawn(Worker, {}, { restart: "temporary" });
        const b = await this.spawn(Worker, { name: "b" });
        this.monitor(a); this.monitor(b);
        await a.call.boom().catch(() => {});
        this.stop(b);
        return [await a.call.add().catch((error) => error.code), await b.call.add().catch((error) => error.code)];
      }
      onMessage(message) { this.state.downs.push(message); }
      downs() { return this.state.downs.map(({ process, reason }) => [process, reason.type, reason.error?.message]); }`),
  );
  assert.deepEqual(await kernel.result(id, "run"), ["SERVICE_NOT_RUNNING", "SERVICE_NOT_RUNNING"]);
  assert.deepEqual(
    await kernel.result(id, "downs"),
    [
      ["Worker#1", "crashed", "boom"],
      ["Worker#2", "shutdown", null],
    ].map((row) => row.map((item) => (item === null ? { $undefined: true } : item))),
  );
  await kernel.until(() => kernel.logs.find((line) => line === "terminates b"));
});

test("linked processes end together, with the same reason", async (t) => {
  const { kernel } = await cellFor(t);
  const id = await kernel.load(
    module(`
      async init() { return { downs: [] }; }
      async run() {
        const a = await this.spawn(Worker, {}, { restart: "temporary" });
        const b = await this.spawn(Worker, {}, { restart: "temporary" });
        this.link(a);
        this.monitor(b);
        await a.call.boom().catch(() => {});
      }`),
  );
  await kernel.call(id, "run");
  const death = await kernel.death(id);
  assert.ok(death.type === "crashed");
  assert.equal(death.error.message, "boom");
});

test("a process whose init throws is not there, and one too many is refused", async (t) => {
  const { kernel } = await cellFor(t);
  const id = await kernel.load(
    module(`
      async run() {
        const bad = await this.spawn(Bad).catch((error) => error.message);
        let count = 1;
        try { for (;;) { await this.spawn(Worker); count++; } } catch (error) { return [bad, count, error.code]; }
      }`),
    { limits: { maxProcesses: 7 } },
  );
  assert.deepEqual(await kernel.result(id, "run"), ["bad init", 7, "QUOTA_EXCEEDED"]);
});
