/** References in arguments, messages and results, in a real cell. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { cellFor, service } from "../cell/cell-process.ts";

const ping = "ping() { return 1; }";

for (const rounds of [1, 60]) {
  const lane = rounds === 1 ? "threaded" : "inline";

  test(`${lane}: a reference in an argument, a cast, a message and a result arrives live`, async (t) => {
    const { kernel } = await cellFor(t);
    await kernel.load(service("value() { return 42; }"), { service: "target", incarnation: 2 });
    await kernel.load(
      service(`
        ${ping}
        async use(box) { return [box.deep[0].name, await box.deep[0].call.value()]; }
        keep(ref) { this.kept = ref; }
        onMessage(message) { this.kept = message.ref; }
        async kept_() { return this.kept.call.value(); }
        give() { return { ref: this.self }; }
        who() { return "holder"; }`),
      { service: "holder", incarnation: 3 },
    );
    const giver = await kernel.load(
      service(`
        ${ping}
        async run() {
          const holder = await this.lookup("holder");
          const target = await this.lookup("target");
          const { ref } = await holder.call.give();
          const used = await holder.call.use({ deep: [target] });
          holder.cast.keep(target);
          const cast = await holder.call.kept_();
          holder.send({ ref: target });
          return { used, cast, sent: await holder.call.kept_(), who: await ref.call.who(), again: (await holder.call.give()).ref === ref };
        }`),
      { service: "giver", incarnation: 4 },
    );
    let last: unknown;
    for (let i = 0; i < 30; i++) for (const id of [3, 4]) await kernel.result(id, "ping");
    for (let i = 0; i < rounds; i++) last = await kernel.result(giver, "run");
    assert.deepEqual(last, {
      used: ["target", 42],
      cast: 42,
      sent: 42,
      who: "holder",
      again: true,
    });
  });
}

test("self means one incarnation: once that ended, its references answer a typed error", async (t) => {
  const { kernel } = await cellFor(t);
  const short = await kernel.load(service(`register(to) { to.cast.take(this.self); } ${ping}`), { service: "short" });
  const holder = await kernel.load(
    service(`
      init() { return { ref: undefined }; }
      take(ref) { this.state.ref = ref; }
      async start() { const short = await this.lookup("short"); await short.call.register(this.self); }
      async use() {
        try { return await this.state.ref.call.ping(); } catch (error) { return [error.code, error.executed]; }
      }
      quiet() { this.state.ref.send("nobody hears it"); this.state.ref.cast.ping(); return "sent"; }`),
    { service: "holder", incarnation: 2 },
  );
  await kernel.result(holder, "start");
  assert.equal(await kernel.result(holder, "use"), 1);
  kernel.stop(short, 0);
  await kernel.death(short);
  await kernel.load(service(ping), { service: "short", incarnation: 9 });
  assert.deepEqual(await kernel.result(holder, "use"), ["SERVICE_NOT_RUNNING", "not_executed"]);
  assert.equal(await kernel.result(holder, "quiet"), "sent");
});

test("text that looks like a reference is none, and a client is given none", async (t) => {
  const { kernel } = await cellFor(t);
  const id = await kernel.load(
    service(`
      own() { return { $service: 0 }; }
      self_() { return this.self; }
      typeOf(value) { return typeof value.call; }
      async forge() {
        const me = await this.lookup("other");
        return me.call.typeOf(JSON.parse('{"$service":0}'));
      }`),
  );
  await kernel.load(service("typeOf(value) { return typeof value.call; }"), { service: "other", incarnation: 2 });
  assert.deepEqual(await kernel.result(id, "own"), { $literal: { $service: 0 } });
  assert.equal(await kernel.result(id, "forge"), "undefined");
  const given = await kernel.call(id, "self_");
  assert.equal(given.failure?.code, "NOT_SERIALIZABLE");
});
