/** The life of an incarnation in a real cell: start, mail, end; and every end says its reason. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { cellFor, service } from "./cell-process.ts";

const counter = service(`
  init() { return { count: 0 }; }
  add(n = 1) { return (this.state.count += n); }
  async get() { await null; return this.state.count; }
  onMessage(message, from) { this.state.count = message.count; this.state.from = from.name; }
  from() { return this.state.from; }
  _hidden() { return 1; }
`);

test("a service is started, called, cast to and sent to, and keeps its state", async (t) => {
  const { kernel } = await cellFor(t);
  const id = await kernel.load(counter);
  assert.equal(await kernel.result(id, "add", 2), 2);
  assert.equal(await kernel.result(id, "add"), 3);
  kernel.cast(id, "add", 10);
  assert.equal(await kernel.result(id, "get"), 13);
  kernel.message(id, { count: 100 }, "tenant agent_1");
  assert.equal(await kernel.result(id, "get"), 100);
  assert.equal(await kernel.result(id, "from"), "tenant agent_1");
});

test("messages of one sender are handled in the order they were sent, one at a time, even if handlers wait", async (t) => {
  const { kernel } = await cellFor(t);
  const id = await kernel.load(
    service(`
      init() { return []; }
      async note(n) { this.state.push("in" + n); await null; await null; this.state.push("out" + n); }
      onMessage(n) { this.state.push("got" + n); }
      all() { return this.state; }
    `),
  );
  void kernel.call(id, "note", [1]);
  kernel.cast(id, "note", 2);
  kernel.message(id, 3);
  void kernel.call(id, "note", [4]);
  assert.deepEqual(await kernel.result(id, "all"), ["in1", "out1", "in2", "out2", "got3", "in4", "out4"]);
});

test("only public methods of the service's own class can be called", async (t) => {
  const { kernel } = await cellFor(t);
  const id = await kernel.load(
    service(`
      #secret() {}
      _hidden() {}
      get getter() { return () => 1; }
      static fixed() {}
      onMessage() {}
      fine() { return true; }
    `),
  );
  const names = ["constructor", "init", "onMessage", "terminate", "codeChange", "_hidden", "#secret", "getter"];
  const inherited = ["lookup", "send", "after", "toString", "hasOwnProperty", "__proto__", "fixed", "state", ""];
  for (const name of [...names, ...inherited]) {
    const { failure } = await kernel.call(id, name);
    assert.equal(failure?.code, "METHOD_NOT_FOUND", name);
    assert.equal(failure.executed, "not_executed", name);
  }
  assert.equal(await kernel.result(id, "fine"), true);
});

test("an error that leaves a method goes to the caller with its stack, and ends the incarnation", async (t) => {
  const { kernel } = await cellFor(t);
  const id = await kernel.load(service(`boom() { throw new TypeError("no such thing"); }`));
  const { failure } = await kernel.call(id, "boom");
  assert.equal(failure?.code, "CALL_FAILED");
  assert.equal(failure.executed, "executed");
  assert.equal(failure.error?.name, "TypeError");
  assert.match(failure.error.stack, /^TypeError: no such thing\n {4}at Svc\.boom \(svc\.ts:3:\d+\)$/);
  const death = await kernel.death(id);
  assert.deepEqual(death, { type: "crashed", where: "message", error: failure.error });
  const after = await kernel.call(id, "boom");
  assert.equal(after.failure?.code, "SERVICE_NOT_RUNNING");
});

test("a refusal goes to the caller, and the service goes on", async (t) => {
  const { kernel } = await cellFor(t);
  const id = await kernel.load(
    service(`withdraw() { throw new Refusal("not enough money"); } balance() { return 5; }`),
  );
  const { failure } = await kernel.call(id, "withdraw");
  assert.equal(failure?.code, "CALL_FAILED");
  assert.equal(failure.error?.name, "Refusal");
  assert.equal(failure.error.message, "not enough money");
  assert.equal(await kernel.result(id, "balance"), 5);
});

for (const [where, source, expected] of [
  ["load", `throw new RangeError("at the top");`, { where: "load", name: "RangeError" }],
  ["load", `await null; throw new RangeError("later at the top");`, { where: "load", name: "RangeError" }],
  ["load", `export default 1 +;`, { where: "load", name: "SyntaxError" }],
  ["load", `import { readFileSync } from "node:fs";`, { where: "load", name: "Error" }],
  ["load", `export const nothing = 1;`, { where: "load", name: "SoloError" }],
  ["load", `export default { get() {} };`, { where: "load", name: "SoloError" }],
  [
    "init",
    service(`constructor() { super(); throw new Error("in the constructor"); }`),
    { where: "init", name: "Error" },
  ],
  ["init", service(`init() { throw new Error("in init"); }`), { where: "init", name: "Error" }],
  ["init", service(`async init() { await null; throw new Error("later in init"); }`), { where: "init", name: "Error" }],
  ["init", service(`init() { null.x; }`), { where: "init", name: "TypeError" }],
] as const) {
  test(`a service that fails in ${where} never starts, and leaves nothing behind: ${source.slice(-60).trim()}`, async (t) => {
    const { kernel, connect } = await cellFor(t);
    kernel.order(source);
    const begun = await kernel.begun(1);
    assert.equal(begun.type, "ended");
    assert.equal(begun.started, false);
    assert.equal(begun.death.type, "crashed");
    assert.equal(begun.death.where, expected.where);
    assert.equal(begun.death.error.name, expected.name);
    kernel.send({ type: "acknowledge", report: 1 });
    assert.equal((await kernel.call(1, "get")).failure?.code, "SERVICE_NOT_RUNNING");
    const other = await connect();
    const { incarnations } = await other.hello(1);
    assert.deepEqual(incarnations, []);
  });
}

test("an unknown import is refused by name", async (t) => {
  const { kernel } = await cellFor(t);
  kernel.order(`import lodash from "lodash"; export default lodash;`);
  const begun = await kernel.begun(1);
  assert.ok(begun.type === "ended" && begun.death.type === "crashed");
  assert.match(begun.death.error.message, /cannot import "lodash"/);
});

test("what is thrown in onMessage, in a timer, or by a promise that nobody awaits, ends the incarnation and says where", async (t) => {
  const { kernel } = await cellFor(t);
  const source = service(`
    onMessage() { throw new Error("at a message"); }
    later() { setTimeout(() => { throw new Error("at a timer"); }, 1); }
    due() { this.after(1, "x"); }
    drop() { Promise.reject(new Error("dropped")); return 1; }
    async asyncDrop() { (async () => { throw new Error("dropped too"); })(); }
  `);
  const ends = [
    [1, (id: number) => kernel.message(id, 1), "message", "at a message"],
    [2, (id: number) => kernel.cast(id, "later"), "timer", "at a timer"],
    [3, (id: number) => kernel.cast(id, "due"), "timer", "at a message"],
    [4, (id: number) => kernel.cast(id, "drop"), "rejection", "dropped"],
    [5, (id: number) => kernel.cast(id, "asyncDrop"), "rejection", "dropped too"],
  ] as const;
  for (const [incarnation, provoke, where, message] of ends) {
    await kernel.load(source, { incarnation, service: `svc${incarnation}` });
    provoke(incarnation);
    const death = await kernel.death(incarnation);
    assert.ok(death.type === "crashed");
    assert.equal(death.where, where);
    assert.equal(death.error.message, message);
  }
});

test("stop lets the message at hand finish, runs terminate, and drops what waits", async (t) => {
  const { kernel } = await cellFor(t);
  const id = await kernel.load(
    service(`
      async slow() {
        this.log.info("began");
        await (await this.lookup("elsewhere")).call.work();
        this.log.info("finished");
        return "finished";
      }
      quick() { return "quick"; }
      async terminate(reason) { await null; this.log.info("terminate: " + reason); }
    `),
  );
  const slow = kernel.call(id, "slow");
  const waiting = await kernel.until(() => kernel.all("call")[0]);
  const quick = kernel.call(id, "quick");
  kernel.stop(id, 30_000);
  const { failure } = await quick;
  kernel.send({ type: "answer", id: waiting.id }, "1");
  assert.deepEqual(await slow, { result: "finished" });
  assert.equal(failure?.code, "CALL_LOST");
  assert.equal(failure.executed, "not_executed");
  assert.deepEqual(await kernel.death(id), { type: "killed", by: "test", forced: "no" });
  assert.deepEqual(kernel.logs, ["began", "finished", "terminate: killed by test"]);
});

test("a service that does not end within its grace is cut off, and its caller hears of it", async (t) => {
  const { kernel } = await cellFor(t);
  const id = await kernel.load(service(`hang() { this.log.info("began"); return new Promise(() => {}); }`));
  const hung = kernel.call(id, "hang");
  await kernel.until(() => kernel.logs[0]);
  kernel.stop(id, 30);
  assert.deepEqual(await kernel.death(id), { type: "shutdown_timeout", limitMs: 30 });
  const { failure } = await hung;
  assert.equal(failure?.code, "CALL_LOST");
  assert.equal(failure.executed, "unknown");
});

test("a forced stop ends it at once, even in the middle of a loop", async (t) => {
  const { kernel } = await cellFor(t);
  const id = await kernel.load(service(`loop() { for (;;); }`), { limits: { cpuTimeMs: 60_000 } });
  const looping = kernel.call(id, "loop");
  kernel.stop(id, 0, { type: "killed", by: "admin", forced: "yes" });
  assert.deepEqual(await kernel.death(id), { type: "killed", by: "admin", forced: "yes" });
  assert.equal((await looping).failure?.code, "CALL_LOST");
});

test("a terminate that throws is the reason of the end", async (t) => {
  const { kernel } = await cellFor(t);
  const id = await kernel.load(service(`terminate() { throw new Error("cannot end"); }`));
  kernel.stop(id, 1_000);
  const death = await kernel.death(id);
  assert.ok(death.type === "crashed" && death.where === "terminate");
});

test("startup takes no longer than its limit: a loop at the top, in init, and an init that waits for ever", async (t) => {
  const { kernel } = await cellFor(t);
  const sources = [
    `for (;;);`,
    service(`init() { for (;;); }`),
    service(`init() { return new Promise(() => {}); }`),
    `await new Promise(() => {}); ${service("")}`,
  ];
  for (const [index, source] of sources.entries()) {
    const id = kernel.order(source, { incarnation: index + 1, limits: { startupTimeoutMs: 60 } });
    assert.deepEqual(await kernel.death(id), { type: "startup_timeout", limitMs: 60 }, source);
  }
});

test("loading an incarnation twice starts it once", async (t) => {
  const { kernel } = await cellFor(t);
  const id = await kernel.load(counter);
  assert.equal(await kernel.result(id, "add", 1), 1);
  kernel.order(counter);
  assert.equal(await kernel.result(id, "add", 1), 2);
  assert.equal(kernel.reports.length, 1);
});

test("a service sees its environment, its name and its pid, and nothing of the machine", async (t) => {
  const { kernel } = await cellFor(t);
  const id = await kernel.load(
    service(`
      look() {
        return {
          env: { ...this.env }, self: this.self.name, pid: this.pid,
          seen: Object.getOwnPropertyNames(globalThis).filter((name) =>
            ["process", "require", "solo", "WebAssembly", "SharedArrayBuffer", "Atomics", "global", "Buffer"].includes(name)),
          resizable: typeof ArrayBuffer.prototype.resize, larger: new ArrayBuffer(1, { maxByteLength: 100 }).resizable,
        };
      }
    `),
    { environment: { API_KEY: "k" }, service: "looker" },
  );
  assert.deepEqual(await kernel.result(id, "look"), {
    env: { API_KEY: "k" },
    self: "looker",
    pid: "<0.1.1>",
    seen: [],
    resizable: "undefined",
    larger: false,
  });
});

test("timers run, repeat, and are cancelled; messages to itself come as mail", async (t) => {
  const { kernel } = await cellFor(t);
  const id = await kernel.load(
    service(`
      init() { return { ticks: 0, mail: [] }; }
      start() {
        const never = setTimeout(() => { this.state.ticks = -1000; }, 5); clearTimeout(never);
        const each = setInterval(() => { if (++this.state.ticks === 3) clearInterval(each); }, 1);
        this.after(1, { n: 1 });
        const again = this.every(1, { n: 2 });
        this.state.again = again;
      }
      onMessage(message, from) {
        this.state.mail.push(message.n + from.name);
        if (this.state.mail.filter((m) => m.startsWith("2")).length === 2) this.cancel(this.state.again);
      }
      async settled() {
        while (this.state.ticks < 3) await new Promise((done) => setTimeout(done, 1));
        return this.state.ticks;
      }
      mail() { return this.state.mail.toSorted(); }
    `),
  );
  kernel.cast(id, "start");
  assert.equal(await kernel.result(id, "settled"), 3);
  const until = async (): Promise<unknown> => {
    const mail = (await kernel.result(id, "mail")) as readonly string[];
    return mail.length >= 3 ? mail : until();
  };
  assert.deepEqual(await until(), ["1svc", "2svc", "2svc"]);
});

test("results and arguments that cannot be sent are refused by path, and the service goes on", async (t) => {
  const { kernel } = await cellFor(t);
  const id = await kernel.load(
    service(`
      make(what) {
        const cycle = {}; cycle.self = { cycle };
        return { f: { list: [1, { x: () => 1 }] }, s: { x: Symbol("s") }, b: { x: /y/ }, c: cycle, p: { x: Promise.resolve() },
          m: new WeakMap(), u: undefined, d: { at: new Date(0) }, bytes: new Uint16Array(2), deep: deep(1000) }[what];
      }
      ok() { return [1, "a", null, { x: undefined }]; }
    `) + `function deep(n) { let x = {}; for (let i = 0; i < n; i++) x = { x }; return x; }`,
  );
  const problems: Record<string, RegExp> = {
    f: /the result\.list\[1\]\.x cannot be sent: it is a function/,
    s: /the result\.x cannot be sent: it is a symbol/,
    b: /the result\.x cannot be sent: it is a RegExp/,
    c: /the result\.self\.cycle cannot be sent: it contains itself/,
    p: /the result\.x cannot be sent: it is a promise/,
    m: /the result cannot be sent: it is \[object WeakMap\], which cannot be copied/,
    bytes: /binary data/,
    deep: /nested deeper than 500/,
  };
  for (const [what, expected] of Object.entries(problems)) {
    const { failure } = await kernel.call(id, "make", [what]);
    assert.equal(failure?.code, "NOT_SERIALIZABLE", what);
    assert.equal(failure.executed, "executed", what);
    assert.match(failure.message, expected);
  }
  assert.equal(await kernel.result(id, "make", "u"), undefined);
  assert.deepEqual(await kernel.result(id, "make", "d"), { at: { $date: "1970-01-01T00:00:00.000Z" } });
  assert.deepEqual(await kernel.result(id, "ok"), [1, "a", null, {}]);
});

test("the heart beats while services work, and usage is told on demand", async (t) => {
  const cell = await cellFor(t);
  const { kernel } = cell;
  const id = await kernel.load(service(`work() { const end = Date.now() + 30; while (Date.now() < end); }`));
  await kernel.result(id, "work");
  kernel.send({ type: "inspect", id: 7 });
  const { usages } = await kernel.until(() => kernel.all("inspected")[0]);
  assert.equal(usages.length, 1);
  const usage = usages[0]?.usage;
  assert.ok(usage !== undefined && usage.memoryBytes > 100_000 && usage.cpuMicros > 5_000 && usage.mailboxLength === 0);
  assert.ok(cell.beats() >= 1);
  assert.equal(cell.stderr(), "");
});

test("many services that are loaded at once all start, and one that is stopped before its turn leaves nothing", async (t) => {
  const { kernel } = await cellFor(t);
  const body = service(
    `init() { return new Promise((done) => setTimeout(() => done({ ok: true }), 5)); } ok() { return this.state.ok; }`,
  );
  for (let incarnation = 1; incarnation <= 40; incarnation++)
    kernel.order(body, { incarnation, service: `s${incarnation}` });
  kernel.stop(40, 0);
  const death = await kernel.death(40);
  assert.equal(death.type, "killed");
  for (let incarnation = 1; incarnation < 40; incarnation++) {
    assert.equal((await kernel.begun(incarnation)).type, "started");
    assert.equal(await kernel.result(incarnation, "ok"), true);
  }
});
