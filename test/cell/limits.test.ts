/** Every limit of a cell, reached (P6), and what each end says (P4); the neighbours go on (P1). */
import assert from "node:assert/strict";
import { test } from "node:test";
import { incarnationNumber, limits } from "../../src/base/index.ts";
import { cellFor, type Kernel, service } from "./cell-process.ts";

const ping = "ping() { return 1; }";
const mebibyte = 1024 * 1024;

async function promote(kernel: Kernel, incarnation: number): Promise<void> {
  for (let i = 0; i < 30; i++) await kernel.result(incarnation, "ping");
}

const loops = {
  "an empty loop": "for (;;);",
  "a loop that only the right engine flag makes stoppable": "for (;;) [...Array(40)];",
  "a loop that catches everything": "for (;;) { try { for (;;); } catch {} finally { continue; } }",
  "a regular expression": `/^(a+)+$/.test("a".repeat(40) + "b");`,
};

for (const lane of ["threaded", "inline"] as const) {
  for (const [what, loop] of Object.entries(loops)) {
    test(`${lane}: ${what} is cut off after its CPU time, and the neighbour goes on`, async (t) => {
      const { kernel } = await cellFor(t);
      const id = await kernel.load(service(`${ping} spin() { ${loop} }`), { limits: { cpuTimeMs: 80 } });
      const neighbour = await kernel.load(service(ping), { service: "b", incarnation: 2 });
      if (lane === "inline") await promote(kernel, id);
      const { failure } = await kernel.call(id, "spin");
      assert.equal(failure?.code, "CALL_LOST");
      assert.equal(failure.executed, "unknown");
      assert.deepEqual(await kernel.death(id), { type: "cpu_timeout", limitMs: 80, method: "spin" });
      assert.equal(await kernel.result(neighbour, "ping"), 1);
    });
  }

  test(`${lane}: an endless chain of microtasks is cut off too`, async (t) => {
    const { kernel } = await cellFor(t);
    const id = await kernel.load(service(`${ping} async spin() { for (;;) await null; }`), {
      limits: { cpuTimeMs: 80 },
    });
    if (lane === "inline") await promote(kernel, id);
    kernel.cast(id, "spin");
    assert.deepEqual(await kernel.death(id), { type: "cpu_timeout", limitMs: 80, method: "spin" });
  });

  test(`${lane}: a handler that waits again and again still has one budget of CPU`, async (t) => {
    const { kernel } = await cellFor(t);
    const id = await kernel.load(
      service(`${ping} async nibble() {
        for (let i = 0; i < 1000; i++) {
          const end = Date.now() + 15; while (Date.now() < end);
          await new Promise((done) => setTimeout(done, 1));
        }
      }`),
      { limits: { cpuTimeMs: 100 } },
    );
    if (lane === "inline") await promote(kernel, id);
    // It would come to its end, had each of its turns a budget of its own.
    const { failure } = await kernel.call(id, "nibble");
    assert.equal(failure?.code, "CALL_LOST");
    assert.equal((await kernel.death(id)).type, "cpu_timeout");
  });

  test(`${lane}: a bomb in the heap ends its service for memory, and nobody else`, async (t) => {
    const { kernel } = await cellFor(t);
    // Time enough: the engine collects again and again before it gives up, on a busy machine for long.
    const limits = { maxMemoryBytes: 32 * 1024 * 1024, cpuTimeMs: 20_000 };
    const id = await kernel.load(
      service(`${ping} bomb() { const all = []; for (;;) all.push(new Array(1000).fill({})); }`),
      { limits },
    );
    const neighbour = await kernel.load(service(ping), { service: "b", incarnation: 2 });
    if (lane === "inline") await promote(kernel, id);
    const { failure } = await kernel.call(id, "bomb");
    assert.equal(failure?.code, "CALL_LOST");
    assert.deepEqual(await kernel.death(id), { type: "out_of_memory", limitBytes: 32 * 1024 * 1024 });
    assert.equal(await kernel.result(neighbour, "ping"), 1);
  });

  test(`${lane}: an error that is a trap to read harms only its service`, async (t) => {
    const traps = [
      "throw { get message() { for (;;); } };",
      "throw new Proxy({}, { get() { for (;;); } });",
      "const e = new Error('x'); e.toString = () => { for (;;); }; Object.defineProperty(e, 'stack', { get() { for (;;); } }); throw e;",
      "Error.prepareStackTrace = () => { for (;;); }; throw new Error('x');",
      "throw { toString() { throw this; }, get name() { throw this; }, get message() { throw this; } };",
      "throw null;",
      "throw Object.create(null);",
      "throw new Error('long '.repeat(1_000_000));",
      "const f = () => f(); f();",
    ];
    const { kernel } = await cellFor(t);
    const neighbour = await kernel.load(service(ping), { service: "b", incarnation: 100 });
    for (const [index, trap] of traps.entries()) {
      const id = await kernel.load(service(`${ping} trap() { ${trap} }`), {
        incarnation: index + 1,
        service: `s${index}`,
        limits: { cpuTimeMs: 60 },
      });
      if (lane === "inline") await promote(kernel, id);
      const { failure } = await kernel.call(id, "trap");
      assert.ok(failure?.code === "CALL_LOST" || failure?.code === "CALL_FAILED", trap);
      const death = await kernel.death(id);
      assert.ok(death.type === "cpu_timeout" || death.type === "crashed", trap);
      assert.equal(await kernel.result(neighbour, "ping"), 1);
    }
  });
}

test("messages drained together do not spend one another's time", async (t) => {
  const { kernel } = await cellFor(t);
  const id = await kernel.load(service(`work() { const end = Date.now() + 40; while (Date.now() < end); return 1; }`), {
    limits: { cpuTimeMs: 90 },
  });
  const outcomes = await Promise.all(Array.from({ length: 8 }, () => kernel.call(id, "work")));
  assert.deepEqual(
    outcomes.map(({ result }) => result),
    Array(8).fill(1),
  );
});

test("of messages drained together, only those that may have run are unknown", async (t) => {
  const { kernel } = await cellFor(t);
  const id = await kernel.load(
    service(
      `block() { return new Promise((done) => setTimeout(done, 30)); } quick() { return 1; } spin() { for (;;); }`,
    ),
    { limits: { cpuTimeMs: 60 } },
  );
  const outcomes = await Promise.all([
    kernel.call(id, "block"),
    kernel.call(id, "spin"),
    kernel.call(id, "quick"),
    kernel.call(id, "quick"),
  ]);
  assert.deepEqual(
    outcomes.map(({ failure }) => failure?.executed),
    [undefined, "unknown", "not_executed", "not_executed"],
  );
  assert.deepEqual(await kernel.death(id), { type: "cpu_timeout", limitMs: 60, method: "spin" });
});

test("more threads than cores do not make a service die of others' work", async (t) => {
  const { kernel } = await cellFor(t);
  const body = service(`work() { let x = 0; const end = Date.now() + 150; while (Date.now() < end) x++; return 1; }`);
  const ids = [1, 2, 3, 4, 5, 6];
  for (const id of ids) await kernel.load(body, { incarnation: id, service: `s${id}`, limits: { cpuTimeMs: 200 } });
  const results = await Promise.all(ids.map((id) => kernel.result(id, "work")));
  assert.deepEqual(results, [1, 1, 1, 1, 1, 1]);
});

const doubling = `onMessage(message) { for (let i = 0; i < 2; i++) this.send(this.self, message); }
  begin(message) { this.send(this.self, message); }`;
const stubborn = `onMessage(message) { for (let i = 0; i < 2; i++) try { this.send(this.self, message); } catch {} }
  begin(message) { this.send(this.self, message); }`;
const overflows = {
  "that doubles its messages to itself": doubling,
  "whose messages to itself are large": `onMessage(message) { for (let i = 0; i < 8; i++) this.send(this.self, message); }
    begin() { this.send(this.self, "x".repeat(1_000_000)); }`,
  "that sends to itself without end": `begin() { for (;;) this.send(this.self, "again"); } onMessage() {}`,
};

for (const lane of ["threaded", "inline"] as const) {
  for (const [which, body] of Object.entries(overflows)) {
    test(`${lane}: a service ${which} is refused MAILBOX_FULL, and that ends it`, async (t) => {
      const { kernel } = await cellFor(t);
      const id = await kernel.load(service(`${ping} ${body}`), { limits: { maxMemoryBytes: 64 * mebibyte } });
      if (lane === "inline") await promote(kernel, id);
      kernel.cast(id, "begin", "again");
      const death = await kernel.death(id);
      assert.equal(death.type, "crashed");
      assert.equal(death.where, "message");
      assert.match(
        death.error.message,
        /^a receiver's mailbox is full: \d+ of the latest messages were not delivered$/,
      );
    });
  }

  test(`${lane}: services that always have mail leave the cell its other work`, async (t) => {
    const { kernel, beats } = await cellFor(t);
    const many = 6;
    // A longer limit than the default keeps a service in its thread.
    const cpuTimeMs = lane === "threaded" ? 2_000 : 1_000;
    for (let incarnation = 1; incarnation <= many; incarnation++) {
      const limits = { messageQueueLimit: 1_000, cpuTimeMs };
      await kernel.load(service(`${ping} ${stubborn}`), { service: `s${incarnation}`, incarnation, limits });
      if (lane === "inline") await promote(kernel, incarnation);
    }
    const neighbour = await kernel.load(service(ping), { service: "neighbour", incarnation: 100 });
    for (let incarnation = 1; incarnation <= many; incarnation++) kernel.cast(incarnation, "begin", "again");
    const before = beats();
    while (beats() < before + 4) assert.equal(await kernel.result(neighbour, "ping"), 1);
    assert.deepEqual(
      kernel.reports.filter(({ type }) => type === "ended"),
      [],
    );
  });
}

test("what waits for a service has at most a quarter of its memory, as text", async (t) => {
  const { kernel } = await cellFor(t);
  const id = await kernel.load(service(`hang() { return new Promise(() => {}); } note() {}`), {
    limits: { maxMemoryBytes: 16 * mebibyte },
  });
  const large = "x".repeat(1_500_000);
  const calls = ["hang", "note", "note", "note"].map((method) => kernel.call(id, method, [large]));
  const { failure } = await Promise.race(calls);
  assert.equal(failure?.code, "MAILBOX_FULL");
  assert.equal(failure.message, "4 MiB of messages");
  assert.equal(failure.executed, "not_executed");
});

test("a cell holds so many services, and refuses the next one, which harms none of them", async (t) => {
  const { kernel } = await cellFor(t);
  const { isolatesPerCellMax } = limits;
  for (let incarnation = 1; incarnation <= isolatesPerCellMax + 1; incarnation++) {
    // All at once: on a busy machine the last ones wait for long.
    kernel.order(service(ping), { service: `s${incarnation}`, incarnation, limits: { startupTimeoutMs: 120_000 } });
  }
  const refused = await kernel.death(isolatesPerCellMax + 1);
  assert.equal(refused.type, "crashed");
  assert.equal(refused.where, "load");
  assert.deepEqual([refused.error.name, refused.error.message], ["CellFull", "a cell holds 500 services"]);
  for (let incarnation = 1; incarnation <= isolatesPerCellMax; incarnation++) {
    assert.equal((await kernel.begun(incarnation)).type, "started");
  }
  assert.equal(await kernel.result(1, "ping"), 1);
  assert.equal(await kernel.result(isolatesPerCellMax, "ping"), 1);
  kernel.stop(1, 0);
  await kernel.death(1);
  await kernel.load(service(ping), { service: "late", incarnation: isolatesPerCellMax + 2 });
});

test("a service cannot flood the log: what is too much is dropped and counted", async (t) => {
  const { kernel } = await cellFor(t);
  const id = await kernel.load(
    service(
      `flood() { for (let i = 0; i < 5_000; i++) this.log.info("x".repeat(1_000)); } say(text) { this.log.warn(text); } ${ping}`,
    ),
  );
  const began = performance.now();
  await kernel.result(id, "flood");
  // A second's worth at once, and as much for each second that it takes.
  const seconds = 1 + (performance.now() - began) / 1_000;
  const lines = kernel.all("log");
  const bytes = lines.reduce((sum, { text }) => sum + text.length, 0);
  assert.ok(bytes <= seconds * limits.logBytesPerSecondMax, `${bytes} bytes passed in ${seconds} s`);
  // The bucket fills again: the next line that passes says what was lost.
  while (!kernel.logs.includes("after")) await kernel.result(id, "say", "after");
  const dropped = kernel.all("log").reduce((sum, line) => sum + line.dropped, 0);
  assert.ok(dropped > 0);
  assert.ok(lines.length + dropped >= 5_000);
});

test("a log line is bounded, and says what it shows of any value", async (t) => {
  const { kernel } = await cellFor(t);
  const id = await kernel.load(
    service(`
      say() {
        const cycle = { n: 1 }; cycle.self = cycle;
        console.log("text", 1, true, null, undefined, [1, "a"], { a: { b: { c: { d: { e: 1 } } } } }, cycle, 5n, Symbol("s"), () => 1);
        console.error(new TypeError("bad"));
        console.log({ get x() { throw new Error("no"); } });
        console.log("y".repeat(100_000));
        console.log("control \\u0000 \\ud800 end");
        console.debug("%s is not a format", "this");
      }`),
  );
  await kernel.result(id, "say");
  const [first, second, third, fourth, fifth, sixth] = kernel.logs;
  assert.match(
    first ?? "",
    /^text 1 true null undefined \[1, "a"\] \{ a: \{ b: \{ c: \{ d: \{\.\.\.\} \} \} \} \} .* 5n Symbol\(s\) \[function/,
  );
  assert.match(second ?? "", /^TypeError: bad\n {4}at Svc\.say \(svc\.ts/);
  assert.equal(third, "[a value that cannot be shown]");
  assert.equal(fourth?.length, 8_192);
  assert.equal(fifth, "control \ufffd \ufffd end");
  assert.equal(sixth, "%s is not a format this");
});

test("lines below the service's level do not leave it", async (t) => {
  const { kernel } = await cellFor(t);
  const id = await kernel.load(
    service(`say() { this.log.debug("d"); this.log.info("i"); this.log.warn("w"); this.log.error("e"); }`),
    {
      logLevel: "WARN",
    },
  );
  await kernel.result(id, "say");
  assert.deepEqual(
    kernel.all("log").map(({ level, text }) => `${level} ${text}`),
    ["WARN w", "ERROR e"],
  );
});

test("timers are bounded", async (t) => {
  const { kernel } = await cellFor(t);
  const id = await kernel.load(
    service(
      `many() { let set = 0; try { for (;;) { setTimeout(() => {}, 60_000); set++; } } catch (error) { return [set, error.code]; } }`,
    ),
  );
  assert.deepEqual(await kernel.result(id, "many"), [10_000, "QUOTA_EXCEEDED"]);
});

test("references are bounded", async (t) => {
  const { kernel } = await cellFor(t);
  const id = await kernel.load(
    service(
      `async many() { let got = 0; try { for (;;) { await this.lookup("s" + got); got++; } } catch (error) { return [got, error.code]; } }`,
    ),
  );
  assert.deepEqual(await kernel.result(id, "many"), [10_000, "QUOTA_EXCEEDED"]);
});

test("a result that is too large is refused, and the service goes on", async (t) => {
  const { kernel } = await cellFor(t);
  const id = await kernel.load(service(`big(n) { return "x".repeat(n); }`));
  const { failure } = await kernel.call(id, "big", [5 * 1024 * 1024]);
  assert.equal(failure?.code, "TOO_LARGE");
  assert.equal(((await kernel.result(id, "big", 4_000_000)) as string).length, 4_000_000);
});

test("thousands of eager timers of a service that is at work are heard once each", async (t) => {
  const { kernel } = await cellFor(t);
  const id = await kernel.load(
    service(`
      init() { return 0; }
      start() { for (let i = 0; i < 1_000; i++) setInterval(() => { this.state++; }, 1); }
      work() { this.state = 0; const end = Date.now() + 100; while (Date.now() < end); this.end = end; return this.state; }
      async heard() { await null; return [this.state, Date.now() - this.end]; }`),
  );
  await kernel.result(id, "start");
  assert.equal(await kernel.result(id, "work"), 0);
  const [heard, sinceMs] = (await kernel.result(id, "heard")) as readonly [number, number];
  // Each once for all of that time, and from then on once in a millisecond at most.
  assert.ok(heard < 1_000 * (sinceMs + 50), `${heard} within ${sinceMs} ms`);
});

test("whoever asks for usage does not wait for a service that is at work", async (t) => {
  const { kernel } = await cellFor(t);
  const id = await kernel.load(
    service(`spin() { for (;;); }`),
    // No look would be answered, did it wait for that.
    { limits: { cpuTimeMs: 120_000 } },
  );
  const spun = kernel.call(id, "spin", [], 120_000);
  kernel.send({ type: "inspect", id: 1 });
  const { usages } = await kernel.until(() => kernel.all("inspected")[0]);
  assert.equal(usages.length, 1);
  kernel.stop(id, 0);
  assert.equal((await spun).failure?.code, "CALL_LOST");
});

test("whoever asks for the usage of one incarnation hears of that one, and of no dead one", async (t) => {
  const { kernel } = await cellFor(t);
  await kernel.load(service(`one() { return 1; }`), { service: "one", incarnation: 1 });
  await kernel.load(service(`two() { return 2; }`), { service: "two", incarnation: 2 });
  const [two, dead] = [incarnationNumber(2), incarnationNumber(999)];
  kernel.send({ type: "inspect", id: 1, incarnations: [two, dead] });
  const { usages } = await kernel.until(() => kernel.all("inspected")[0]);
  assert.deepEqual(
    usages.map(({ incarnation }) => incarnation),
    [two],
  );
});

test("CPU time is given by shares: who has more is served first, and nobody is left out", async (t) => {
  const { kernel } = await cellFor(t);
  // Their limit keeps them in the threaded lane, in which only a few run at once.
  const limits = { cpuTimeMs: 5_000 };
  const worker = service(`work() { const end = Date.now() + 8; while (Date.now() < end); }\n done() { return true; }`);
  const names = Array.from({ length: 8 }, (_, i) => i + 1);
  for (const incarnation of names) {
    const cpuShares = incarnation <= 4 ? 4_096 : 256;
    await kernel.load(worker, { service: `s${incarnation}`, incarnation, limits: { ...limits, cpuShares } });
  }
  let asked = 0;
  const ask = (incarnation: number, method: string): number => {
    const call = { incarnation: incarnationNumber(incarnation), method, timeoutMs: 120_000, from: "test", chain: [] };
    kernel.send({ type: "call", id: ++asked, ...call }, "[]");
    return asked;
  };
  const poor = new Set<number>();
  for (let i = 0; i < 12; i++) {
    for (const incarnation of names) {
      const id = ask(incarnation, "work");
      if (incarnation > 4) poor.add(id);
    }
  }
  const rich = [1, 2, 3, 4].map((incarnation) => ask(incarnation, "done"));
  // In the cell's own order, whenever this process hears of it.
  const order = await kernel.until(() => {
    const ids = kernel.all("outcome").map(({ id }) => id);
    return ids.length === asked ? ids : undefined;
  });
  const first = order.findIndex((id) => rich.includes(id));
  const served = order.slice(0, first).filter((id) => poor.has(id)).length;
  assert.ok(served <= 28, `${served} of ${poor.size} were served before the first that has more was through`);
});

test("a throttled service takes no calls from its neighbours, goes on with its own work, and takes them again later", async (t) => {
  const { kernel } = await cellFor(t);
  await kernel.load(service(`ping() { return "pong"; }`), { service: "quiet", incarnation: 1 });
  await kernel.load(
    service(`async ask() {
      try { return await (await this.lookup("quiet")).call.ping(); } catch (error) { return error.code; }
    }`),
    { service: "asker", incarnation: 2 },
  );
  assert.equal(await kernel.result(2, "ask"), "pong");
  kernel.send({ type: "throttle", incarnation: incarnationNumber(1), throttled: true });
  assert.equal(await kernel.result(2, "ask"), "OVERLOADED");
  assert.equal(await kernel.result(1, "ping"), "pong", "what the kernel lets through is its own");
  kernel.send({ type: "throttle", incarnation: incarnationNumber(1), throttled: false });
  assert.equal(await kernel.result(2, "ask"), "pong");
});
