/** What a hostile tenant may try against its own prelude, its cell and its neighbours. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { cellFor, service } from "./cell-process.ts";

const ping = "ping() { return 1; }";

test("a guest that replaces the language's own functions still answers, and harms only itself", async (t) => {
  const { kernel } = await cellFor(t);
  const id = await kernel.load(`
    import { Service } from "solo:service";
    const evil = () => { throw new Error("polluted"); };
    const spare = ["constructor", "__proto__", "length", "name", "arguments", "caller"];
    const protos = [Array.prototype, Object.prototype, Function.prototype, Promise.prototype, String.prototype, Map.prototype, RegExp.prototype];
    const doomed = [];
    for (const proto of protos) {
      for (const name of Reflect.ownKeys(proto)) if (!spare.includes(name)) doomed.push([proto, name]);
    }
    for (const holder of [JSON, Reflect, Math, Date, Number, Promise, Array, Object]) {
      for (const name of Reflect.ownKeys(holder)) if (!spare.includes(name) && name !== "prototype") doomed.push([holder, name]);
    }
    const define = Object.defineProperty;
    for (let i = 0; i < doomed.length; i++) {
      try { define(doomed[i][0], doomed[i][1], { value: evil, configurable: true, writable: true }); } catch {}
    }
    globalThis.Promise = evil; globalThis.Array = evil; globalThis.Object = evil; globalThis.String = evil;
    export default class Svc extends Service {
      init() { return { n: 0 }; }
      add(by) { this.state.n += by; return this.state.n; }
      async later() { await null; this.log.info("polluted but alive"); return { n: this.state.n }; }
    }`);
  assert.equal(await kernel.result(id, "add", 2), 2);
  assert.deepEqual(await kernel.result(id, "later"), { n: 2 });
  assert.deepEqual(kernel.logs, ["polluted but alive"]);
});

test("setters and getters on the shared prototypes see nothing of the prelude's lists", async (t) => {
  const { kernel } = await cellFor(t);
  const id = await kernel.load(
    `globalThis.seen = [];
     for (let i = 0; i < 12; i++) {
       Object.defineProperty(Array.prototype, i, { configurable: true, get() { return undefined; }, set(value) { seen.length; globalThis.caught = value; } });
     }
     Object.defineProperty(Object.prototype, "then", { configurable: true, get() { globalThis.thenSeen = (globalThis.thenSeen ?? 0) + 1; return undefined; } });
     Object.defineProperty(Promise.prototype, "constructor", { configurable: true, get() { globalThis.species = true; return undefined; } });
     ` + service(`look() { return [globalThis.caught === undefined, globalThis.species === undefined].join(); }`),
  );
  assert.equal(await kernel.result(id, "look"), "true,true");
});

test("no constructor leads out of the isolate", async (t) => {
  const { kernel } = await cellFor(t);
  const id = await kernel.load(
    service(`
      async climb() {
        const b = await this.lookup("b");
        const found = [];
        const starts = [this, this.log, this.log.info, this.env, this.self, b, b.call, b.call.x, console.log, setTimeout, Service, Refusal];
        for (const start of starts) {
          for (const path of [["constructor", "constructor"], ["__proto__", "constructor", "constructor"]]) {
            let at = start;
            for (const step of path) at = at?.[step];
            if (typeof at !== "function") continue;
            try { found.push(at("return typeof process + typeof require + typeof globalThis.solo")()); } catch (error) { found.push("refused"); }
          }
        }
        return [...new Set(found)].toSorted();
      }`),
  );
  assert.deepEqual(await kernel.result(id, "climb"), ["undefinedundefinedundefined"]);
});

test("two services share nothing but messages", async (t) => {
  const { kernel } = await cellFor(t);
  const a = await kernel.load(service(`${ping} leave() { globalThis.mark = 1; Object.prototype.mark = 1; }`), {
    service: "a",
  });
  const b = await kernel.load(service(`look() { return [globalThis.mark ?? null, {}.mark ?? null]; }`), {
    service: "b",
    incarnation: 2,
  });
  await kernel.result(a, "leave");
  assert.deepEqual(await kernel.result(b, "look"), [null, null]);
});

test("a body cannot forge what frames it, and an own __proto__ in it pollutes nothing", async (t) => {
  const { kernel } = await cellFor(t);
  const id = await kernel.load(service(`echo(x) { return x; } polluted() { return {}.evil ?? null; }`));
  const nasty = '"],["call",1,"\\n\\t\\u0000\u2028';
  assert.equal(await kernel.result(id, "echo", nasty), nasty);
  kernel.send({ type: "cast", incarnation: 1 as never, method: "echo", from: "test" }, '[{"__proto__":{"evil":1}}]');
  assert.equal(await kernel.result(id, "polluted"), null);
});

test("a body that is not JSON, or arguments that are not a list, are their sender's fault: the service goes on", async (t) => {
  const { kernel } = await cellFor(t);
  const id = await kernel.load(service(`${ping} echo(x) { return x; } onMessage() { this.log.info("a message"); }`));
  for (const [index, body] of ["{", '"text"', ""].entries()) {
    const header = { method: "echo", from: "test", incarnation: id as never } as const;
    kernel.send({ type: "call", id: 900 + index, timeoutMs: 1_000, chain: [], ...header }, body);
    kernel.send({ type: "cast", ...header }, body);
    const { failure } = await kernel.outcome(900 + index);
    assert.equal(failure?.code, "NOT_SERIALIZABLE");
    assert.equal(failure.executed, "not_executed");
  }
  kernel.send({ type: "send", incarnation: id as never, from: "test" }, "{");
  assert.equal(await kernel.result(id, "ping"), 1);
  assert.equal(kernel.logs.includes("a message"), false);
});

test("a text of four million characters that need three bytes each does not break the wire", async (t) => {
  const { kernel } = await cellFor(t);
  const id = await kernel.load(
    service(`
      ${ping}
      wide() { return "€".repeat(3_000_000); }
      async out() { try { await (await this.lookup("elsewhere")).call.x("€".repeat(3_000_000)); } catch (error) { return error.code; } }
      long() { try { this.send(this.self, "x".repeat(5_000_000)); } catch (error) { return error.code; } }`),
  );
  assert.equal((await kernel.call(id, "wide")).failure?.code, "TOO_LARGE");
  assert.equal(await kernel.result(id, "out"), "TOO_LARGE");
  assert.equal(await kernel.result(id, "long"), "TOO_LARGE");
  assert.equal(await kernel.result(id, "ping"), 1);
});

test("a trap in a rejection that nobody handles harms only its service", async (t) => {
  const { kernel } = await cellFor(t);
  const neighbour = await kernel.load(service(ping), { service: "b", incarnation: 2 });
  const id = await kernel.load(
    service(
      `trap() { Promise.reject({ get message() { throw 1; }, get stack() { throw 2; }, get name() { throw 3; } }); }`,
    ),
  );
  kernel.cast(id, "trap");
  const death = await kernel.death(id);
  assert.ok(death.type === "crashed" && death.where === "rejection");
  assert.equal(await kernel.result(neighbour, "ping"), 1);
});

test("a native function that cannot be interrupted costs its service its life, and the neighbour nothing", async (t) => {
  const cell = await cellFor(t);
  const { kernel } = cell;
  const neighbour = await kernel.load(service(ping), { service: "b", incarnation: 2 });
  const id = await kernel.load(service(`hang() { return Array.prototype.indexOf.call({ length: 2 ** 53 - 1 }, 1); }`), {
    limits: { cpuTimeMs: 50 },
  });
  const { failure } = await kernel.call(id, "hang");
  assert.equal(failure?.code, "CALL_LOST");
  assert.deepEqual(await kernel.death(id), { type: "cpu_timeout", limitMs: 50, method: "hang" });
  assert.equal(await kernel.result(neighbour, "ping"), 1);
});

test("a cell that lost too many threads ends itself, saying why", async (t) => {
  const cell = await cellFor(t);
  const { kernel } = cell;
  for (const incarnation of [1, 2]) {
    await kernel.load(service(`hang() { return Array.prototype.indexOf.call({ length: 2 ** 53 - 1 }, 1); }`), {
      incarnation,
      service: `s${incarnation}`,
      limits: { cpuTimeMs: 50 },
    });
    kernel.cast(incarnation, "hang");
  }
  const { signal } = await cell.exited;
  assert.equal(signal, "SIGKILL");
  assert.match(cell.stderr(), /lost 2 threads/);
});
