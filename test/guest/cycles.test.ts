/** Whose call it is: a call that would wait for itself is refused, one that only runs meanwhile is not. In a real cell. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { cellFor, type Kernel, service } from "../cell/cell-process.ts";

/** Waits in `begin` for what `other` does in `work`. */
const waiting = service(`
  ping() { return "pong"; }
  async begin(how) { return (await this.lookup("other")).call.work(how); }
`);

const other = `
import { Service } from "solo:service";
const later = (ms) => new Promise((done) => setTimeout(done, ms));
let asked;
const asking = new Promise((done) => { asked = done; });
async function ask(reference) {
  try {
    const answer = reference.call.ping();
    asked();
    return await answer;
  } catch (error) { return error.code; }
}
class Starter extends Service {
  async init() { return { said: await ask(await this.lookup("waiting")) }; }
  said() { return this.state.said; }
}
class Child extends Service {
  init() { return { said: "nothing" }; }
  async onMessage(message) {
    const reference = message.reference ?? (await this.lookup("waiting"));
    await null;
    this.state.said = await ask(reference);
  }
  async ask(reference) {
    const asked = reference ?? (await this.lookup("waiting"));
    await null;
    return ask(asked);
  }
  async askWith(options) { return ask((await this.lookup("waiting")).with(options)); }
  async askLater(ms) { await later(ms); this.state.said = await this.ask(); }
  expect(ms) { this.after(ms, {}); }
  async pass(child, reference) { return child.call.ask(reference); }
  async spawnOne() { return (await this.spawn(Starter)).call.said(); }
  async find() { return this.lookup("waiting"); }
  burn(ms) { const end = Date.now() + ms; while (Date.now() < end); }
  said() { return this.state.said; }
}
export default class Other extends Service {
  async init() { return { child: await this.spawn(Child), second: await this.spawn(Child), said: "nothing" }; }
  ping() { return 1; }
  async work(how) {
    const { child, second } = this.state;
    const waiting = await this.lookup("waiting");
    switch (how) {
      case "child message": child.send({}); break;
      case "child message with a reference": child.send({ reference: waiting }); break;
      case "child timer": child.cast.expect(1); break;
      case "own timer": setTimeout(async () => { this.state.said = await ask(waiting); }, 1); break;
      case "earlier call": break;
      case "await child": return child.call.ask();
      case "await child with a reference": return child.call.ask(waiting);
      case "await child with options": return child.call.askWith({ timeoutMs: 2_000 });
      case "await child of child": return child.call.pass(second);
      case "await child of child with a reference": return child.call.pass(second, waiting);
      case "await busy child": await child.call.burn(6); return child.call.ask();
      case "await spawn": return (await this.spawn(Starter)).call.said();
      case "await spawn of child": return child.call.spawnOne();
      case "with a reference of the child's": return ask(await child.call.find());
    }
    // Until something has asked, and has been refused if it was to be.
    await asking;
    await later(5);
  }
  earlier() { void this.state.child.call.askLater(20); }
  async said() {
    const { child, said } = this.state;
    const its = await child.call.said();
    return its === "nothing" ? said : its;
  }
}
`;

async function both(kernel: Kernel, lane: "threaded" | "inline"): Promise<readonly [number, number]> {
  const a = await kernel.load(waiting, { service: "waiting" });
  const b = await kernel.load(other, { service: "other", incarnation: 2 });
  if (lane === "inline") for (let i = 0; i < 30; i++) for (const id of [a, b]) await kernel.result(id, "ping");
  return [a, b];
}

for (const lane of ["threaded", "inline"] as const) {
  for (const how of [
    "child message",
    "child message with a reference",
    "child timer",
    "own timer",
    "earlier call",
  ] as const) {
    test(`${lane}: what runs beside a handler (${how}) is not charged to it: its calls are no cycle`, async (t) => {
      const { kernel } = await cellFor(t);
      const [a, b] = await both(kernel, lane);
      if (how === "earlier call") await kernel.result(b, "earlier");
      await kernel.result(a, "begin", how);
      const until = async (): Promise<unknown> => {
        const said = await kernel.result(b, "said");
        return said === "nothing" ? until() : said;
      };
      assert.equal(await until(), "pong");
    });
  }

  for (const how of [
    "await child",
    "await child with a reference",
    "await child with options",
    "await child of child",
    "await child of child with a reference",
    "await busy child",
    "await spawn",
    "await spawn of child",
    "with a reference of the child's",
  ]) {
    test(`${lane}: what a handler waits for (${how}) is its own: a call back to its caller is a cycle`, async (t) => {
      const { kernel } = await cellFor(t);
      const [a] = await both(kernel, lane);
      assert.equal(await kernel.result(a, "begin", how), "CALL_CYCLE");
    });
  }
}
