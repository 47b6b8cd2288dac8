/** Processes within a service: spawned, supervised, linked and monitored, in a real cell. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { cellFor, type Kernel } from "../cell/cell-process.ts";

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

/** Asks the service until `done`. */
async function asked<T>(kernel: Kernel, id: number, method: string, done: (said: T) => boolean): Promise<T> {
  const end = Date.now() + 20_000;
  for (;;) {
    const said = (await kernel.result(id, method)) as T;
    if (done(said)) return said;
    assert.ok(Date.now() < end, JSON.stringify(said));
  }
}

test("a message between the processes of a service says who sent it, and can be answered", async (t) => {
  const { kernel } = await cellFor(t);
  const id = await kernel.load(`
    import { Service } from "solo:service";
    const heard = [];
    class Worker extends Service {
      tell(to, message) { this.send(to, message); }
      tellSelf(message) { this.self.send(message); }
      tick(message) { this.after(1, message); }
      onMessage(message, from) {
        heard.push([this.pid, message, from.name]);
        if (message === "ping") this.send(from, "pong");
      }
    }
    export default class Svc extends Service {
      async init() { return { a: await this.spawn(Worker), b: await this.spawn(Worker) }; }
      async run() {
        const { a, b } = this.state;
        a.send("from the root");
        await a.call.tell(b, "ping");
        await a.call.tell(this.self, "ping");
        await b.call.tellSelf("to itself");
        await b.call.tick("later");
        const gone = await this.spawn(Worker);
        await gone.call.tell(this.self, "posthumous");
        this.stop(gone);
      }
      onMessage(message, from) {
        heard.push(["root", message, from.name, from === this.state.a]);
        if (message === "ping") this.send(from, "pong");
      }
      heard() { return heard; }
    }`);
  await kernel.result(id, "run");
  const heard = await asked<unknown[][]>(kernel, id, "heard", ({ length }) => length >= 8);
  const sorted = (list: readonly unknown[][]): string[] => list.map((one) => JSON.stringify(one)).toSorted();
  assert.deepEqual(
    sorted(heard),
    sorted([
      ["<0.1.1>#1", "from the root", "svc"],
      ["<0.1.1>#2", "ping", "Worker#1"],
      ["<0.1.1>#1", "pong", "Worker#2"],
      ["root", "ping", "Worker#1", true],
      ["<0.1.1>#1", "pong", "svc"],
      ["<0.1.1>#2", "to itself", "Worker#2"],
      ["<0.1.1>#2", "later", "Worker#2"],
      ["root", "posthumous", `process ${"#"}3`, false],
    ]),
  );
});

test("nothing that is sent to a service passes for a message of a process within it", async (t) => {
  const { kernel } = await cellFor(t);
  const id = await kernel.load(
    module(`
      async init() { return { heard: [], worker: await this.spawn(Worker) }; }
      run() { for (const message of ["#1 2", { "#1": 2 }, ["#1 2"]]) this.self.send(message); }
      onMessage(message, from) { this.state.heard.push([message, from.name]); }
      heard() { return this.state.heard; }`),
  );
  await kernel.result(id, "run");
  assert.deepEqual(await asked<unknown[]>(kernel, id, "heard", ({ length }) => length >= 3), [
    ["#1 2", "svc"],
    [{ "#1": 2 }, "svc"],
    [["#1 2"], "svc"],
  ]);
});

test("who monitors a process that has ended hears at once for what reason it ended", async (t) => {
  const { kernel } = await cellFor(t);
  const id = await kernel.load(
    module(`
      async init() { return { downs: [] }; }
      async run() {
        const options = { restart: "temporary" };
        const [crashed, left, stopped] = [await this.spawn(Worker, {}, options), await this.spawn(Quitter, {}, options), await this.spawn(Worker)];
        await crashed.call.boom().catch(() => {});
        await left.call.quit();
        this.stop(stopped);
        while ((await left.call.quit().catch((error) => error.code)) !== "SERVICE_NOT_RUNNING");
        for (const one of [crashed, left, stopped]) this.monitor(one);
      }
      onMessage(message) { this.state.downs.push(message); }
      downs() { return this.state.downs.map(({ process, reason }) => [process, reason.type, reason.error?.message ?? ""]); }`).replace(
      "class Bad",
      "class Quitter extends Service { quit() { this.stop(this.self); } }\nclass Bad",
    ),
  );
  await kernel.result(id, "run");
  assert.deepEqual(await asked<unknown[]>(kernel, id, "downs", ({ length }) => length >= 3), [
    ["Worker#1", "crashed", "boom"],
    ["Quitter#2", "normal", ""],
    ["Worker#3", "shutdown", ""],
  ]);
});

test("a process that stops itself answers first, then terminates, and what waited for it was not executed", async (t) => {
  const { kernel } = await cellFor(t);
  const id = await kernel.load(
    module(`
      async run() {
        const a = await this.spawn(Quitter, {}, { restart: "transient" });
        const answers = [a.call.quit(), a.call.quit().catch((error) => error.code + " " + error.executed)];
        return Promise.all(answers);
      }
      root() { try { this.stop(this.self); } catch (error) { return error.code; } }`).replace(
      "class Bad",
      `class Quitter extends Service {
        async quit() { this.stop(this.self); await new Promise((done) => setTimeout(done, 5)); return "bye"; }
        terminate(reason) { this.log.info("terminates", reason); }
      }
      class Bad`,
    ),
  );
  assert.deepEqual(await kernel.result(id, "run"), ["bye", "CALL_LOST not_executed"]);
  await kernel.until(() => kernel.logs.find((line) => line === "terminates normal"));
  assert.equal(await kernel.result(id, "root"), "INVALID_ARGUMENT");
});

test("a process's mailbox is bounded: calls, casts and messages past it are refused, and it goes on", async (t) => {
  const { kernel } = await cellFor(t);
  const id = await kernel.load(
    module(`
      async run() {
        const a = await this.spawn(Worker);
        const codes = [];
        const note = (error) => { codes.push([error.code, error.executed]); };
        const first = a.call.add();
        a.cast.add();
        a.send("x");
        // What it has is a call, a cast and a message: as many as it may.
        const refused = a.call.add().catch(note);
        try { a.cast.add(); } catch (error) { note(error); }
        try { a.send("x"); } catch (error) { note(error); }
        await refused;
        await first;
        return [codes, await a.call.add()];
      }`),
    { limits: { messageQueueLimit: 3 } },
  );
  const full = ["MAILBOX_FULL", "not_executed"];
  assert.deepEqual(await kernel.result(id, "run"), [[full, full, full], 4]);
});

test("the end of a process reaches who monitors it, though its mailbox be full", async (t) => {
  const { kernel } = await cellFor(t);
  const id = await kernel.load(
    `
    import { Service } from "solo:service";
    const heard = [];
    class Worker extends Service { boom() { throw new Error("boom"); } }
    class Watcher extends Service {
      watch(other) { this.monitor(other); }
      async slow() { await new Promise((done) => setTimeout(done, 10)); }
      onMessage(message) { heard.push(message.type); }
    }
    export default class Svc extends Service {
      async run() {
        const a = await this.spawn(Worker, {}, { restart: "temporary" });
        const watcher = await this.spawn(Watcher);
        await watcher.call.watch(a);
        const slow = watcher.call.slow();
        // Once it is at that.
        await null; await null; await null;
        for (;;) try { watcher.cast.slow(); } catch { break; }
        await a.call.boom().catch(() => {});
        await slow;
      }
      heard() { return heard; }
    }`,
    { limits: { messageQueueLimit: 2 } },
  );
  await kernel.result(id, "run");
  await asked<unknown[]>(kernel, id, "heard", ({ length }) => length >= 1);
});

test("at an orderly end the processes within end first: the last spawned before the others, each with its own before it", async (t) => {
  const { kernel } = await cellFor(t);
  const id = await kernel.load(`
    import { Service } from "solo:service";
    let end;
    const ended = new Promise((done) => { end = done; });
    class Worker extends Service {
      async init({ name, within = [] }) {
        for (const one of within) await this.spawn(Worker, { name: one });
        return { name };
      }
      async work() { this.log.info("begins to work"); await ended; this.log.info("worked"); }
      async terminate(reason) {
        await new Promise((done) => setTimeout(done, 3));
        this.log.info("end of", this.state.name, reason);
        if (this.state.name !== "b") return;
        end();
        throw new Error("b fails in it");
      }
    }
    export default class Svc extends Service {
      async init() {
        const a = await this.spawn(Worker, { name: "a" });
        await this.spawn(Worker, { name: "b", within: ["b1", "b2"] });
        return { a };
      }
      begin() { this.state.a.cast.work(); this.state.a.cast.work(); }
      async terminate(reason) { this.log.info("end of root", reason, await this.spawn(Worker).catch((error) => error.code)); }
    }`);
  await kernel.result(id, "begin");
  await kernel.until(() => kernel.logs.find((line) => line === "begins to work"));
  kernel.stop(id, 30_000);
  await kernel.death(id);
  const said = kernel.logs
    .filter((line) => !line.includes("fails in"))
    .map((line) => line.replace("killed by test", "…"));
  assert.deepEqual(said, [
    "begins to work",
    "end of b2 …",
    "end of b1 …",
    "end of b …",
    "worked",
    "end of a …",
    "end of root … SHUTTING_DOWN",
  ]);
});

test("processes within that do not end are not waited for beyond the service's own time", async (t) => {
  const { kernel } = await cellFor(t);
  const id = await kernel.load(
    module(`async init() { await this.spawn(Stuck); }`).replace(
      "class Bad",
      "class Stuck extends Service { terminate() { return new Promise(() => {}); } }\nclass Bad",
    ),
  );
  kernel.stop(id, 100);
  assert.deepEqual(await kernel.death(id), { type: "shutdown_timeout", limitMs: 100 });
});

test("a process that crashes while the service ends is not started again", async (t) => {
  const { kernel } = await cellFor(t);
  const id = await kernel.load(`
    import { Service } from "solo:service";
    let end;
    const ending = new Promise((done) => { end = done; });
    class Worker extends Service {
      init() { this.log.info("begins"); }
      async work() { this.log.info("works"); await ending; throw new Error("too late"); }
      terminate() { this.log.info("terminates"); }
    }
    class Last extends Service { terminate() { end(); } }
    export default class Svc extends Service {
      async init() {
        const a = await this.spawn(Worker);
        // It ends before the others do.
        await this.spawn(Last);
        return { a };
      }
      begin() { this.state.a.cast.work(); }
      terminate() { this.log.info("ends"); }
    }`);
  await kernel.result(id, "begin");
  await kernel.until(() => kernel.logs.find((line) => line === "works"));
  kernel.stop(id, 30_000);
  assert.equal((await kernel.death(id)).type, "killed");
  assert.deepEqual(
    kernel.logs.filter((line) => !line.includes("too late")),
    ["begins", "works", "ends"],
  );
});

test("the cell tells how many processes a service consists of: itself, and those within that live or are started again", async (t) => {
  const { kernel } = await cellFor(t);
  const id = await kernel.load(
    module(`
      async init() { return { all: [] }; }
      async more(n) { for (let i = 0; i < n; i++) this.state.all.push(await this.spawn(Worker, {}, { restart: "transient" })); }
      less(n) { for (const one of this.state.all.splice(0, n)) this.stop(one); }
      async crash() { await this.state.all[0].call.boom().catch(() => {}); }
      async bad() { await this.spawn(Bad).catch(() => {}); }`),
  );
  let asked = 0;
  const count = async (): Promise<number | undefined> => {
    const question = ++asked;
    kernel.send({ type: "inspect", id: question });
    const { usages } = await kernel.until(() => kernel.all("inspected").find((one) => one.id === question));
    return usages.find(({ incarnation }) => incarnation === id)?.usage.processes;
  };
  const counted = async (wanted: number): Promise<void> => {
    const end = Date.now() + 20_000;
    // The cell hears of it when the turn is over that changed it.
    for (let last = await count(); last !== wanted; last = await count()) assert.ok(Date.now() < end, `${last}`);
  };
  await counted(1);
  await kernel.result(id, "more", 4);
  await counted(5);
  await kernel.result(id, "crash");
  await kernel.result(id, "bad");
  await kernel.result(id, "less", 2);
  await counted(3);
  await kernel.result(id, "more", 1);
  await counted(4);
});

test("a process that does not end keeps the others waiting for five seconds, and not from their own end", async (t) => {
  const { kernel } = await cellFor(t);
  const id = await kernel.load(
    module(`
      async init() { await this.spawn(Worker, { name: "first" }); await this.spawn(Stuck); }
      terminate() { this.log.info("terminates the service"); }`).replace(
      "class Bad",
      "class Stuck extends Service { terminate() { return new Promise(() => {}); } }\nclass Bad",
    ),
  );
  kernel.stop(id, 60_000);
  assert.equal((await kernel.death(id)).type, "killed");
  assert.deepEqual(kernel.logs.slice(-3), [
    "Stuck#2 did not end within 5000 ms",
    "terminates first",
    "terminates the service",
  ]);
});
