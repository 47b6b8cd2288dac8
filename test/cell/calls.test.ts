/** Calls, casts and messages between services of one cell: order, nesting, cycles, bounds. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { lanePolicy } from "../../src/cell/lane.ts";
import { cellFor, type Kernel, service } from "./cell-process.ts";

/** Calls until the service answers inline: its calls to idle inline services then return within a few microtasks. */
async function promote(kernel: Kernel, incarnation: number): Promise<void> {
  for (let i = 0; i < 30; i++) await kernel.result(incarnation, "ping");
}

/** The same for a busy machine, where a quick call may seem slow: until a's probe of b says so. */
async function untilInline(kernel: Kernel, a: number, b: number): Promise<void> {
  do {
    await promote(kernel, a);
    await promote(kernel, b);
  } while ((await kernel.result(a, "probe")) !== true);
}

const ping = "ping() { return 1; }";
/** Whether a call to b was answered on the spot. */
const probe = `
  async probe() {
    const b = await this.lookup("b");
    let answered = false;
    void b.call.ping().then(() => { answered = true; }, () => {});
    for (let i = 0; i < 10; i++) await null;
    return answered;
  }`;

test("services are promoted after quick calls, and then call one another on the spot", async (t) => {
  const { kernel } = await cellFor(t);
  const a = await kernel.load(service(ping + probe), { service: "a" });
  const b = await kernel.load(service(ping), { service: "b", incarnation: 2 });
  assert.equal(await kernel.result(a, "probe"), false);
  await promote(kernel, a);
  assert.equal(await kernel.result(a, "probe"), false, "b is still threaded");
  await untilInline(kernel, a, b);
});

test("a slow handler demotes its service; the neighbours go on", async (t) => {
  const { kernel } = await cellFor(t);
  const a = await kernel.load(service(ping + probe), { service: "a" });
  const b = await kernel.load(service(ping + "slow() { const end = Date.now() + 100; while (Date.now() < end); }"), {
    service: "b",
    incarnation: 2,
  });
  for (;;) {
    await untilInline(kernel, a, b);
    const began = performance.now();
    await kernel.result(b, "slow");
    assert.equal(await kernel.result(a, "probe"), false);
    await promote(kernel, b);
    if ((await kernel.result(a, "probe")) === false) break;
    // A machine may be so busy that its wait is over by then; the next one is longer.
    const tookMs = performance.now() - began;
    assert.ok(tookMs >= lanePolicy.waitMsFirst, `quick calls alone brought it back after ${tookMs} ms`);
  }
});

test("a service on probation, or with a longer CPU limit, is not promoted by quick calls", async (t) => {
  const { kernel } = await cellFor(t);
  const a = await kernel.load(service(ping + probe), { service: "a" });
  await promote(kernel, a);
  const wary = await kernel.load(service(ping), { service: "b", incarnation: 2, probation: true });
  await promote(kernel, wary);
  assert.equal(await kernel.result(a, "probe"), false);
  kernel.stop(wary, 0);
  await kernel.death(wary);
  const long = await kernel.load(service(ping), { service: "b", incarnation: 3, limits: { cpuTimeMs: 1_001 } });
  await promote(kernel, long);
  assert.equal(await kernel.result(a, "probe"), false);
});

const caller = service(`
  ${ping}
  async call(service, method, args, options) {
    const reference = await this.lookup(service);
    try { return { result: await (options ? reference.with(options) : reference).call[method](...args) }; }
    catch (error) {
      return { code: error.code, executed: error.executed, message: error.message, cause: error.cause?.name };
    }
  }
  async relay(path) {
    const [next, ...rest] = path;
    if (next === undefined) return "end";
    return (await this.lookup(next)).call.relay(rest);
  }
  async tryRelay(path) {
    try { return await this.relay(path); } catch (error) { return error.code; }
  }
  boom() { throw new RangeError("boom"); }
  hang() { return new Promise(() => {}); }
`);

for (const lane of ["threaded", "inline"] as const) {
  const prepare = async (kernel: Kernel, ...ids: number[]): Promise<void> => {
    if (lane === "inline") for (const id of ids) await promote(kernel, id);
  };

  test(`${lane}: a result, a failure and a timeout come back to the guest that called`, async (t) => {
    const { kernel } = await cellFor(t);
    const a = await kernel.load(caller, { service: "a" });
    const b = await kernel.load(caller, { service: "b", incarnation: 2 });
    await prepare(kernel, a, b);
    assert.deepEqual(await kernel.result(a, "call", "b", "relay", [[]]), { result: "end" });
    assert.deepEqual(await kernel.result(a, "call", "b", "nothing", []), {
      code: "METHOD_NOT_FOUND",
      executed: "not_executed",
      message: "service b has no public method nothing",
    });
    const late = (await kernel.result(a, "call", "b", "hang", [], { timeoutMs: 20 })) as Record<string, unknown>;
    assert.equal(late["code"], "CALL_TIMEOUT");
    assert.equal(late["executed"], "unknown");
    // b still waits: the next call is not begun in time.
    const queued = (await kernel.result(a, "call", "b", "ping", [], { timeoutMs: 20 })) as Record<string, unknown>;
    assert.equal(queued["code"], "CALL_TIMEOUT");
    assert.equal(queued["executed"], "not_executed");
  });

  test(`${lane}: a callee that crashes answers first, and its caller lives on`, async (t) => {
    const { kernel } = await cellFor(t);
    const a = await kernel.load(caller, { service: "a" });
    const b = await kernel.load(caller, { service: "b", incarnation: 2 });
    await prepare(kernel, a, b);
    assert.deepEqual(await kernel.result(a, "call", "b", "boom", []), {
      code: "CALL_FAILED",
      executed: "executed",
      message: "b.boom threw RangeError: boom",
      cause: "RangeError",
    });
    assert.equal((await kernel.death(b)).type, "crashed");
    assert.equal(await kernel.result(a, "ping"), 1);
  });

  test(`${lane}: a call that would wait for itself is refused at once`, async (t) => {
    const { kernel } = await cellFor(t);
    const ids = [1, 2, 3];
    for (const id of ids) await kernel.load(caller, { service: `s${id}`, incarnation: id });
    await prepare(kernel, ...ids);
    assert.equal(await kernel.result(1, "tryRelay", ["s1"]), "CALL_CYCLE");
    assert.equal((await kernel.call(1, "relay", [["s2", "s3", "s1"]])).failure?.code, "CALL_FAILED");
  });

  test(`${lane}: a chain of calls may be long, but not endless`, async (t) => {
    const { kernel } = await cellFor(t);
    const count = 34;
    const ids = Array.from({ length: count }, (_, index) => index + 1);
    for (const id of ids) await kernel.load(caller, { service: `s${id}`, incarnation: id });
    await prepare(kernel, ...ids);
    const path = (length: number): string[] => Array.from({ length }, (_, index) => `s${index + 2}`);
    assert.equal(await kernel.result(1, "relay", path(12)), "end");
    assert.equal(await kernel.result(1, "relay", path(32)), "end");
    const { failure } = await kernel.call(1, "relay", [path(33)]);
    assert.match(failure?.message ?? "", /deeper than 32/);
  });

  test(`${lane}: casts, messages and calls of one service to another keep their order`, async (t) => {
    const { kernel } = await cellFor(t);
    const a = await kernel.load(
      service(`
        ${ping}
        async burst() {
          const b = await this.lookup("b");
          b.cast.note(1); b.send(2);
          const called = b.call.note(3);
          b.cast.note(4);
          await called;
          await b.call.note(5);
          return b.call.all();
        }`),
      { service: "a" },
    );
    const b = await kernel.load(
      service(`
        init() { return []; }
        ${ping}
        note(n) { this.state.push(n); }
        onMessage(n) { this.state.push(n); }
        all() { return this.state; }`),
      { service: "b", incarnation: 2 },
    );
    await prepare(kernel, a, b);
    assert.deepEqual(await kernel.result(a, "burst"), [1, 2, 3, 4, 5]);
  });

  test(`${lane}: all that a service sends in one go arrives, however much it is`, async (t) => {
    const { kernel } = await cellFor(t);
    const a = await kernel.load(
      service(`
        ${ping}
        async burst(sends, casts) {
          const b = await this.lookup("b");
          for (let i = 0; i < sends; i++) b.send("note");
          for (let i = 0; i < casts; i++) b.cast.note();
          return b.call.count();
        }`),
      { service: "a" },
    );
    const b = await kernel.load(
      service(`
        init() { return 0; }
        ${ping}
        note() { this.state++; }
        onMessage() { this.state++; }
        count() { const { state } = this; this.state = 0; return state; }`),
      { service: "b", incarnation: 2 },
    );
    await prepare(kernel, a, b);
    // The engine would lose 255 fields, 383, 511: a send has three and a cast four, beside the first of all.
    const bursts = [
      [2, 62],
      [2, 94],
      [170, 0],
      [169, 0],
      [171, 0],
    ];
    for (const [sends = 0, casts = 0] of bursts) {
      assert.equal(await kernel.result(a, "burst", sends, casts), sends + casts);
    }
  });

  test(`${lane}: a service that floods another meets MAILBOX_FULL`, async (t) => {
    const { kernel } = await cellFor(t);
    const a = await kernel.load(
      service(`
        ${ping}
        async flood() {
          const b = await this.lookup("b");
          let sent = 0;
          try { for (; sent < 100_000; sent++) b.cast.note(sent); } catch (error) { return { code: error.code, early: sent < 100_000 }; }
          return sent;
        }`),
      { service: "a" },
    );
    const b = await kernel.load(service(`${ping} note() { return new Promise(() => {}); }`), {
      service: "b",
      incarnation: 2,
      limits: { messageQueueLimit: 100 },
    });
    await prepare(kernel, a, b);
    assert.deepEqual(await kernel.result(a, "flood"), { code: "MAILBOX_FULL", early: true });
  });
}

test("a full mailbox refuses a call; the service and the caller go on", async (t) => {
  const { kernel } = await cellFor(t);
  const id = await kernel.load(
    service(`async block() { await (await this.lookup("elsewhere")).call.work(); } note() { return 1; }`),
    { limits: { messageQueueLimit: 3 } },
  );
  const block = kernel.call(id, "block");
  const waiting = await kernel.until(() => kernel.all("call")[0]);
  const notes = Array.from({ length: 4 }, () => kernel.call(id, "note"));
  // What is refused is refused at once.
  await Promise.all(notes.slice(2));
  kernel.send({ type: "answer", id: waiting.id }, "1");
  const outcomes = await Promise.all([block, ...notes]);
  assert.deepEqual(
    outcomes.map(({ failure }) => failure?.code),
    [undefined, undefined, undefined, "MAILBOX_FULL", "MAILBOX_FULL"],
  );
  assert.equal(outcomes[3]?.failure?.executed, "not_executed");
});

test("instances of a service take calls in turn", async (t) => {
  const { kernel } = await cellFor(t);
  const a = await kernel.load(
    service(
      `async ask() { const b = await this.lookup("b"); return [await b.call.who(), await b.call.who(), await b.call.who()]; }`,
    ),
    { service: "a" },
  );
  for (const instance of [1, 2]) {
    await kernel.load(service(`who() { return this.pid; }`), { service: "b", instance, incarnation: 10 + instance });
  }
  const asked = (await kernel.result(a, "ask")) as readonly string[];
  assert.deepEqual(new Set(asked), new Set(["<0.1.11>", "<0.2.12>"]));
  assert.equal(asked[0], asked[2]);
});

test("calls wait while their target starts", async (t) => {
  const { kernel } = await cellFor(t);
  const a = await kernel.load(caller, { service: "a" });
  kernel.order(service(`init() { return new Promise((done) => setTimeout(done, 30)); } ${ping}`), {
    service: "b",
    incarnation: 2,
  });
  assert.deepEqual(await kernel.result(a, "call", "b", "ping", []), { result: 1 });
});

test("what cannot be sent is refused to the sender by path, before anything is sent", async (t) => {
  const { kernel } = await cellFor(t);
  const a = await kernel.load(
    service(`
      async tryAll() {
        const b = await this.lookup("b");
        const codes = [];
        for (const send of [() => b.cast.x(() => 1), () => b.send({ y: /x/ }), () => this.after(1, Symbol("s"))]) {
          try { send(); } catch (error) { codes.push(error.code + " " + error.message); }
        }
        try { await b.call.x({ deep: [() => 1] }); } catch (error) { codes.push(error.code + " " + error.message); }
        try { await this.lookup("no such name"); } catch (error) { codes.push(error.code); }
        return codes;
      }`),
    { service: "a" },
  );
  assert.deepEqual(await kernel.result(a, "tryAll"), [
    "NOT_SERIALIZABLE an argument of b.x[0] cannot be sent: it is a function",
    "NOT_SERIALIZABLE a message to b.y cannot be sent: it is a RegExp (send its source)",
    "NOT_SERIALIZABLE the message cannot be sent: it is a symbol",
    "NOT_SERIALIZABLE an argument of b.x[0].deep[0] cannot be sent: it is a function",
    "INVALID_ARGUMENT",
  ]);
});

test("a burst of quick messages is no slow turn: the service stays inline", async (t) => {
  const { kernel } = await cellFor(t);
  const a = await kernel.load(service(ping + probe), { service: "a" });
  const b = await kernel.load(
    service(ping + "work() { let x = 0; for (let i = 0; i < 20_000; i++) x += i; return x; }"),
    { service: "b", incarnation: 2 },
  );
  // Ten times as long as a slow turn, together. On a busy machine a single turn of it may really be slow, but not each time.
  const burst = async (): Promise<boolean> => {
    await untilInline(kernel, a, b);
    await Promise.all(Array.from({ length: 1_000 }, () => kernel.result(b, "work")));
    return (await kernel.result(a, "probe")) === true;
  };
  let stayed = false;
  for (let bursts = 0; bursts < 5 && !stayed; bursts++) stayed = await burst();
  assert.ok(stayed);
});

test("a call behind messages of its caller is answered after them, in order, however little room the mailbox has", async (t) => {
  const { kernel } = await cellFor(t);
  const list = service(
    `init() { return []; } note(n) { this.state.push(n); } all() { return this.state.splice(0); } ping() { return 1; }`,
  );
  const driver = service(`
    ping() { return 1; }
    async drive(name, notes) {
      const list = await this.lookup(name);
      for (let i = 0; i < notes; i++) list.cast.note(i);
      return list.call.all();
    }`);
  const roomy = await kernel.load(list, { service: "roomy" });
  const narrow = await kernel.load(list, { service: "narrow", incarnation: 2, limits: { messageQueueLimit: 3 } });
  const caller = await kernel.load(driver, { service: "driver", incarnation: 3 });
  // All three come to the cell's own thread, where a call may run on the stack of its caller.
  for (const one of [roomy, narrow, caller]) for (let i = 0; i < 40; i++) await kernel.result(one, "ping");
  for (const notes of [0, 1, 5, 15, 40]) {
    assert.deepEqual(
      await kernel.result(caller, "drive", "roomy", notes),
      Array.from({ length: notes }, (_, i) => i),
    );
  }
  assert.deepEqual(await kernel.result(caller, "drive", "narrow", 2), [0, 1]);
  const { failure } = await kernel.call(caller, "drive", ["narrow", 3]);
  assert.match(failure?.message ?? "", /holds 3 messages/);
});

test("whoever calls is told once what is too large, and by how much", async (t) => {
  const { kernel } = await cellFor(t);
  await kernel.load(service(`big(n, x) { return x.repeat(n); } list(n) { return [new Array(n)]; }`), { service: "b" });
  const id = await kernel.load(
    service(`async ask(name, method, ...args) {
      const text = (one) => (one === "accents" ? "\\u00e9".repeat(3_000_000) : one);
      try { return await (await this.lookup(name)).call[method](...args.map(text)); }
      catch (error) { return [error.executed, error.message]; }
    }`),
    { incarnation: 2 },
  );
  const limit = 4 * 1024 * 1024;
  const over = limit + 1;
  assert.deepEqual(await kernel.result(id, "ask", "b", "big", over, "x"), [
    "executed",
    `b.big: the result has ${over + 2} characters; the limit is ${limit}`,
  ]);
  assert.deepEqual(await kernel.result(id, "ask", "b", "list", over), [
    "executed",
    `b.list: the result[0] has ${over} items; the limit is ${limit} bytes`,
  ]);
  // To another cell it goes as bytes, of which these are twice as many.
  assert.deepEqual(await kernel.result(id, "ask", "elsewhere", "take", "accents"), [
    "not_executed",
    `elsewhere.take: the list of arguments has 6000004 bytes; the limit is ${limit}`,
  ]);
  const { failure } = await kernel.call(1, "big", [3_000_000, "\u00e9"]);
  assert.equal(failure?.message, `the result has 6000002 bytes; the limit is ${limit}`);
});
