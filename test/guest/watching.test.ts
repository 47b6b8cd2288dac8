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
