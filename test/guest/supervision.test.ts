/** How a process supervises those that it spawned: each strategy, restart type and end, in a real cell. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { cellFor, type Kernel } from "../cell/cell-process.ts";

type Restart = "permanent" | "transient" | "temporary";
type Strategy = "one_for_one" | "rest_for_one" | "one_for_all";

/** `lives`: how often each began, by its name. */
const module = (body: string, supervision = "{}"): string => `
import { Service, Refusal } from "solo:service";
const lives = {};
class Worker extends Service {
  async init({ name }) {
    lives[name] = (lives[name] ?? 0) + 1;
    await new Promise((done) => setTimeout(done, 1));
    return { count: 0 };
  }
  add(n = 1) { return (this.state.count += n); }
  crash(why = "boom") { throw new TypeError(why); }
  quit() { this.stop(this.self); return "bye"; }
  link(other) { super.link(other); }
}
export default class Svc extends Service {
  static supervision = ${supervision};
  async start(names, restart) {
    this.state = { downs: [], by: {} };
    for (const name of names) {
      const restarts = typeof restart === "string" ? restart : restart[name];
      this.state.by[name] = await this.spawn(Worker, { name }, { restart: restarts });
      await this.state.by[name].call.add(5);
    }
  }
  watch(names) { for (const name of names) this.monitor(this.state.by[name]); }
  onMessage(message) { this.state.downs.push(message); }
  downs() { return this.state.downs.map(({ process, reason }) => [process, reason.type, reason.error?.code ?? reason.error?.message ?? ""]); }
  async counts() {
    const counts = {};
    for (const [name, one] of Object.entries(this.state.by)) counts[name] = await one.call.add(0).catch((error) => error.code);
    return counts;
  }
  lives() { return lives; }
  ${body}
}`;

/** Waits until the service has heard of as many ends. */
async function downs(kernel: Kernel, id: number, count: number): Promise<unknown[]> {
  const end = Date.now() + 20_000;
  for (;;) {
    const said = (await kernel.result(id, "downs")) as unknown[];
    if (said.length >= count) return said;
    assert.ok(Date.now() < end, `only ${JSON.stringify(said)}`);
  }
}

/** What is left of the counts of a, b and c, each 5, when b has ended: OTP's rules. */
function expected(strategy: Strategy, restart: Restart, end: "crash" | "quit"): object {
  const again = restart === "permanent" || (restart === "transient" && end === "crash");
  if (!again) return { a: 5, b: "SERVICE_NOT_RUNNING", c: 5 };
  return {
    one_for_one: { a: 5, b: 0, c: 5 },
    rest_for_one: { a: 5, b: 0, c: 0 },
    one_for_all: { a: 0, b: 0, c: 0 },
  }[strategy];
}

for (const strategy of ["one_for_one", "rest_for_one", "one_for_all"] as const) {
  test(`${strategy}: who is started again after each end of each type of process`, async (t) => {
    const { kernel } = await cellFor(t);
    const source = module(
      `async crash() { await this.state.by.b.call.crash().catch(() => {}); }
       async quit() { return this.state.by.b.call.quit(); }`,
      `{ strategy: "${strategy}" }`,
    );
    let incarnation = 0;
    for (const restart of ["permanent", "transient", "temporary"] as const) {
      for (const end of ["crash", "quit"] as const) {
        const id = await kernel.load(source, { service: `${restart}-${end}`, incarnation: ++incarnation });
        await kernel.result(id, "start", ["a", "b", "c"], restart);
        await kernel.result(id, "watch", ["b"]);
        await kernel.result(id, end);
        const reason = end === "crash" ? ["crashed", "boom"] : ["normal", ""];
        assert.deepEqual(await downs(kernel, id, 1), [["Worker#2", ...reason]], `${restart} ${end}`);
        assert.deepEqual(await kernel.result(id, "counts"), expected(strategy, restart, end), `${restart} ${end}`);
      }
    }
  });
}

test("a temporary process that a sibling's end took along is not started again", async (t) => {
  const { kernel } = await cellFor(t);
  const id = await kernel.load(
    module(`async crash() { await this.state.by.a.call.crash().catch(() => {}); }`, `{ strategy: "one_for_all" }`),
  );
  await kernel.result(id, "start", ["a", "b", "c"], { a: "permanent", b: "temporary", c: "transient" });
  await kernel.result(id, "watch", ["a", "b", "c"]);
  await kernel.result(id, "crash");
  assert.deepEqual(await downs(kernel, id, 3), [
    ["Worker#1", "crashed", "boom"],
    ["Worker#3", "shutdown", ""],
    ["Worker#2", "shutdown", ""],
  ]);
  assert.deepEqual(await kernel.result(id, "counts"), { a: 0, b: "SERVICE_NOT_RUNNING", c: 0 });
});

for (const [strategy, restartsMax, order, lives] of [
  // Each its own restart.
  ["one_for_one", 2, ["a", "b"], { a: 2, b: 2, c: 1 }],
  // The second to fail was stopped for the first before that came out.
  ["one_for_all", 1, ["a", "b"], { a: 2, b: 2, c: 2 }],
  ["rest_for_one", 1, ["a", "b"], { a: 2, b: 2, c: 2 }],
  // b is starting again when a fails, and starts once more after it.
  ["rest_for_one", 2, ["b", "a"], { a: 2, b: 3, c: 2 }],
] as const) {
  test(`${strategy}: two crashes in one turn (${order.join(", then ")}) are ${restartsMax} restarts, and no process lives twice`, async (t) => {
    const { kernel } = await cellFor(t);
    const id = await kernel.load(
      module(
        `async both(first, second) {
           const { by } = this.state;
           const codes = await Promise.all([first, second].map((name) => by[name].call.crash().catch((error) => error.code)));
           return [codes[0], await this.counts()];
         }`,
        `{ strategy: "${strategy}", restartsMax: ${restartsMax} }`,
      ),
    );
    await kernel.result(id, "start", ["a", "b", "c"], "permanent");
    const [code, counts] = (await kernel.result(id, "both", ...order)) as [string, { readonly c: number }];
    assert.equal(code, "CALL_FAILED");
    assert.deepEqual(counts, { a: 0, b: 0, c: lives.c === 1 ? 5 : 0 });
    assert.deepEqual(await kernel.result(id, "lives"), lives);
    assert.deepEqual(
      kernel.reports.filter(({ type }) => type === "ended"),
      [],
    );
  });
}

test("of two linked processes both end with the one's reason, which their supervisor takes for one end where it is one for all", async (t) => {
  const { kernel } = await cellFor(t);
  const body = `
    async linked() { await this.state.by.a.call.link(this.state.by.b); }
    async crash(name) { await this.state.by[name].call.crash("linked " + name).catch(() => {}); }`;
  let incarnation = 0;
  for (const [strategy, restart, name, left, lives] of [
    ["one_for_one", "permanent", "a", { a: 0, b: 0, c: 5 }, { a: 2, b: 2, c: 1 }],
    ["one_for_one", "permanent", "b", { a: 0, b: 0, c: 5 }, { a: 2, b: 2, c: 1 }],
    [
      "one_for_one",
      "temporary",
      "b",
      { a: "SERVICE_NOT_RUNNING", b: "SERVICE_NOT_RUNNING", c: 5 },
      { a: 1, b: 1, c: 1 },
    ],
    ["one_for_all", "permanent", "b", { a: 0, b: 0, c: 0 }, { a: 2, b: 2, c: 2 }],
    ["one_for_all", "permanent", "a", { a: 0, b: 0, c: 0 }, { a: 2, b: 2, c: 2 }],
  ] as const) {
    const restartsMax = strategy === "one_for_all" ? 1 : 2;
    const id = await kernel.load(module(body, `{ strategy: "${strategy}", restartsMax: ${restartsMax} }`), {
      service: `s${incarnation}`,
      incarnation: ++incarnation,
    });
    await kernel.result(id, "start", ["a", "b", "c"], restart);
    await kernel.result(id, "linked");
    await kernel.result(id, "watch", ["a", "b"]);
    await kernel.result(id, "crash", name);
    const heard = (await downs(kernel, id, 2)) as [string, string, string][];
    assert.deepEqual(
      heard.toSorted(([one], [other]) => (one < other ? -1 : 1)),
      [
        ["Worker#1", "crashed", `linked ${name}`],
        ["Worker#2", "crashed", `linked ${name}`],
      ],
    );
    assert.deepEqual(await kernel.result(id, "counts"), left, `${strategy} ${restart}`);
    assert.deepEqual(await kernel.result(id, "lives"), lives, `${strategy} ${restart}`);
  }
});

test("a link does not pass on a normal end", async (t) => {
  const { kernel } = await cellFor(t);
  const id = await kernel.load(
    module(`
      async linked() { await this.state.by.a.call.link(this.state.by.b); }
      quit() { return this.state.by.b.call.quit(); }`),
  );
  await kernel.result(id, "start", ["a", "b"], "transient");
  await kernel.result(id, "linked");
  await kernel.result(id, "watch", ["b"]);
  await kernel.result(id, "quit");
  await downs(kernel, id, 1);
  assert.deepEqual(await kernel.result(id, "counts"), { a: 5, b: "SERVICE_NOT_RUNNING" });
});

test("past its intensity a supervisor within a service ends, with the reason, and its own supervisor starts it afresh", async (t) => {
  const { kernel } = await cellFor(t);
  const id = await kernel.load(`
    import { Service } from "solo:service";
    class Worker extends Service { crash() { throw new RangeError("the last straw"); } }
    class Middle extends Service {
      static supervision = { restartsMax: 1, withinMs: 60_000 };
      async init() { return { worker: await this.spawn(Worker) }; }
      async crash() { await this.state.worker.call.crash().catch(() => {}); }
      ping() { return "pong"; }
    }
    export default class Svc extends Service {
      async init() { const middle = await this.spawn(Middle); this.monitor(middle); return { middle, downs: [] }; }
      onMessage(message) { this.state.downs.push(message); }
      crash() { return this.state.middle.call.crash().catch((error) => error.code); }
      ping() { return this.state.middle.call.ping(); }
      downs() { return this.state.downs.map(({ process, reason }) => [process, reason.type, reason.error.code, reason.error.message]); }
    }`);
  await kernel.result(id, "crash");
  assert.deepEqual(await kernel.result(id, "downs"), []);
  // The second ends the supervisor while it waits for it.
  assert.equal((await kernel.call(id, "crash")).failure, undefined);
  assert.deepEqual(await downs(kernel, id, 1), [
    ["Middle#1", "crashed", "RESTART_LIMIT", "Worker#2 ended too often, last with RangeError: the last straw"],
  ]);
  assert.equal(await kernel.result(id, "ping"), "pong");
});

test("a permanent process that stops itself spends its supervisor's budget like any other", async (t) => {
  const { kernel } = await cellFor(t);
  const id = await kernel.load(
    module(`quit() { return this.state.by.a.call.quit(); }`, "{ restartsMax: 1, withinMs: 60_000 }"),
  );
  await kernel.result(id, "start", ["a"], "permanent");
  await kernel.result(id, "quit");
  await kernel.call(id, "quit");
  const death = await kernel.death(id);
  assert.ok(death.type === "crashed");
  assert.equal(death.error.message, "Worker#1 ended too often");
});

test("what is spawned while a sibling is started again is not touched, and does not touch it", async (t) => {
  const { kernel } = await cellFor(t);
  const id = await kernel.load(
    module(
      `async both() {
         const { by } = this.state;
         const spawning = this.spawn(Slow, {});
         await by.a.call.crash().catch(() => {});
         by.slow = await spawning;
         return this.counts();
       }`,
      `{ strategy: "one_for_all", restartsMax: 1 }`,
    ).replace(
      "export default",
      `class Slow extends Worker { async init() { await new Promise((done) => setTimeout(done, 10)); return { count: 7 }; } }
       export default`,
    ),
  );
  await kernel.result(id, "start", ["a", "b"], "permanent");
  assert.deepEqual(await kernel.result(id, "both"), { a: 0, b: 0, slow: 7 });
});
