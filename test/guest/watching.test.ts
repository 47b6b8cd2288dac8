/** Who watches a process within a service, and until when: in a real cell. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { cellFor } from "../cell/cell-process.ts";

const module = (body: string): string => `
import { Service } from "solo:service";
class Sibling extends Service {}
class Watcher extends Service {
  init() { return { heard: [] }; }
  watch(other) { this.monitor(other); }
  bind(other) { this.link(other); }
  bindAndCrash(other) { this.link(other); this.crash(); }
  crash() { throw new TypeError("boom"); }
  onMessage(message) { this.state.heard.push(message.process); }
  heard() { return this.state.heard; }
}
export default class Svc extends Service { ${body} }`;

test("a watch ends with the life that asked for it: the next one hears only of what it asked for itself", async (t) => {
  const { kernel } = await cellFor(t);
  const id = await kernel.load(
    module(`
      async run() {
        const [crashed, other] = [await this.spawn(Watcher), await this.spawn(Watcher)];
        const [first, second] = [await this.spawn(Sibling), await this.spawn(Sibling)];
        for (const one of [first, second]) await crashed.call.watch(one);
        await other.call.watch(first);
        await crashed.call.crash().catch(() => {});
        await crashed.call.watch(second);
        // What an end has to say waits in the mailbox before the question.
        this.stop(first);
        const heard = [await crashed.call.heard(), await other.call.heard()];
        this.stop(second);
        return [...heard, await crashed.call.heard(), await other.call.heard()];
      }`),
  );
  assert.deepEqual(await kernel.result(id, "run"), [[], ["Sibling#3"], ["Sibling#4"], ["Sibling#3"]]);
});

test("who watches itself, or is watched by whom it watches, ends as any other", async (t) => {
  const { kernel } = await cellFor(t);
  const id = await kernel.load(
    module(`
      async run() {
        const [a, b] = [await this.spawn(Watcher), await this.spawn(Watcher)];
        await a.call.watch(a);
        await a.call.watch(b);
        await b.call.watch(a);
        await a.call.crash().catch(() => {});
        const heard = [await a.call.heard(), await b.call.heard()];
        this.stop(b);
        return [...heard, await a.call.heard()];
      }`),
  );
  assert.deepEqual(await kernel.result(id, "run"), [[], ["Watcher#1"], []]);
});

test("nothing is kept of processes that watched another and are gone", async (t) => {
  const { kernel } = await cellFor(t);
  const id = await kernel.load(
    module(`
      async init() { return { sibling: await this.spawn(Sibling) }; }
      async run(count) {
        const what = "x".repeat(200_000);
        for (let i = 0; i < count; i++) {
          const one = await this.spawn(Watcher, { what }, { restart: "temporary" });
          await one.call.watch(this.state.sibling);
          this.stop(one);
        }
        return "done";
      }`),
    // A tenth of what they were told as they began.
    { limits: { maxMemoryBytes: 16 * 1024 * 1024, cpuTimeMs: 20_000 } },
  );
  assert.equal(await kernel.result(id, "run", 800), "done");
});

test("a process is known by every reference to it, also by one that waits for another time", async (t) => {
  const { kernel } = await cellFor(t);
  const id = await kernel.load(
    module(`
      async run() {
        const patient = (reference) => reference.with({ timeoutMs: 900 });
        const [child, other] = [await this.spawn(Watcher), await this.spawn(Sibling)];
        this.link(patient(this.self));
        this.monitor(patient(this.self));
        await child.call.watch(patient(other));
        await child.call.bind(patient(patient(this.self)));
        this.stop(patient(other));
        return child.call.heard();
      }
      async end() { await (await this.spawn(Watcher)).call.bindAndCrash(this.self.with({ timeoutMs: 900 })); }`),
  );
  assert.deepEqual(await kernel.result(id, "run"), ["Sibling#2"]);
  await kernel.call(id, "end");
  const death = await kernel.death(id);
  assert.ok(death.type === "crashed" && death.error.message === "boom", "it is linked to the service itself");
});

test("no other service is a process of this one, nor is this one by its name, nor what only looks like a reference", async (t) => {
  const { kernel } = await cellFor(t);
  const id = await kernel.load(
    module(`
      async run() {
        const named = await this.lookup("svc");
        const own = { carrier: { value: { local: false } }, slot: { value: 0 }, origin: { value: this.self } };
        const imitations = [Object.create(this.self), Object.create(this.self, own), { __proto__: this.self.__proto__ }];
        const others = [named, named.with({}), { call: {}, name: "svc" }, ...imitations];
        return others.map((one) => { try { this.link(one); return "linked"; } catch (error) { return error.code; } });
      }`),
  );
  assert.deepEqual(new Set((await kernel.result(id, "run")) as string[]), new Set(["INVALID_ARGUMENT"]));
});
