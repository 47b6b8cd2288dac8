/** References that leave a cell, and come from another one: as a kernel sees them pass (P2). */
import assert from "node:assert/strict";
import { test } from "node:test";
import { defined, incarnationNumber, limits, parseServiceId } from "../../src/base/index.ts";
import type { CellToKernel, Slots } from "../../src/wire/index.ts";
import { cellFor, type Kernel, service } from "./cell-process.ts";

const id = (name: string) => defined(parseServiceId(name), "service");
const life = (name: string, incarnation: number) => ({
  service: id(name),
  incarnation: incarnationNumber(incarnation),
});

type Said<T> = CellToKernel & { readonly type: T };

/** The nth message of this type that the cell sent, and its body. */
async function said<T extends "call" | "cast" | "send">(
  kernel: Kernel,
  type: T,
  nth = 0,
): Promise<Said<T> & { text: string }> {
  const frame = await kernel.until(() => kernel.frames.filter(({ header }) => header.type === type)[nth]);
  return { ...(frame.header as Said<T>), text: new TextDecoder().decode(frame.body) };
}

/** A message of a service in another cell. */
const message = (kernel: Kernel, to: number, body: string, slots: Slots): void =>
  kernel.send({ type: "send", incarnation: incarnationNumber(to), from: "far <0.1.42>", slots }, body);

const holder = service(`
  init() { return { kept: undefined }; }
  onMessage(message) { this.state.kept = message; }
  keep(reference) { this.state.kept = reference; }
  name() { return this.state.kept?.name ?? "nothing"; }
  give() { return this.state.kept; }
  self_() { return { me: this.self, other: null }; }
  isSelf() { return this.state.kept === this.self; }
  async use() {
    try { return await this.state.kept.call.ping(1); } catch (error) { return error.code + " " + error.executed; }
  }
  tell() { this.state.kept.cast.note(this.self); this.state.kept.send({ from: this.self }); return "sent"; }
  async share(name) {
    const there = await this.lookup(name);
    there.cast.note(this.self, there);
    there.send([this.self]);
    try { return (await there.call.ping({ me: this.self })).name; } catch (error) { return error.code; }
  }
  async begin(name) { return (await this.lookup(name)).call.work(); }
`);

test("references to services and lives go with casts, messages and calls to other cells, and come with their results", async (t) => {
  const { kernel } = await cellFor(t);
  const me = await kernel.load(holder, { service: "holder", incarnation: 5 });
  const shared = kernel.result(me, "share", "far");
  const cast = await said(kernel, "cast");
  assert.deepEqual([cast.service, cast.slots], ["far", [life("holder", 5), { service: "far" }]]);
  assert.equal(cast.text, '[{"$service":0},{"$service":1}]');
  assert.deepEqual((await said(kernel, "send")).slots, [life("holder", 5)]);
  const call = await said(kernel, "call");
  assert.deepEqual([call.slots, call.text], [[life("holder", 5)], '[{"me":{"$service":0}}]']);
  kernel.send({ type: "answer", id: call.id, slots: [life("third", 9)] }, '{"$service":0}');
  assert.equal(await shared, "third");
});

test("a life in another cell is called, cast to and sent to by its number; what the kernel says of it, the guest hears", async (t) => {
  const { kernel } = await cellFor(t);
  const me = await kernel.load(holder, { service: "holder", incarnation: 5 });
  message(kernel, me, '{"$service":0}', [life("far", 42)]);
  assert.equal(await kernel.result(me, "name"), "far");
  const used = kernel.result(me, "use");
  const call = await said(kernel, "call");
  assert.deepEqual([call.service, call.incarnation, call.caller, call.slots], ["far", 42, 5, undefined]);
  const failure = { code: "SERVICE_NOT_RUNNING", executed: "not_executed", message: "it ended" } as const;
  kernel.send({ type: "answer", id: call.id, failure });
  assert.equal(await used, "SERVICE_NOT_RUNNING not_executed");
  assert.equal(await kernel.result(me, "tell"), "sent");
  for (const type of ["cast", "send"] as const) {
    const told = await said(kernel, type);
    assert.deepEqual([told.service, told.incarnation, told.slots], ["far", 42, [life("holder", 5)]]);
  }
});

test("a life that ended in this cell is known to have: no kernel is asked", async (t) => {
  const { kernel, connect } = await cellFor(t);
  const me = await kernel.load(holder, { service: "holder", incarnation: 5 });
  const short = await kernel.load(service("ping() { return 1; }"), { service: "short", incarnation: 6 });
  message(kernel, me, '{"$service":0}', [life("short", 6)]);
  assert.equal(await kernel.result(me, "use"), 1);
  kernel.stop(short, 0);
  await kernel.death(short);
  await kernel.close();
  // Nobody answers now; and nobody is needed.
  const next = await connect();
  await next.hello(2);
  assert.equal(await next.result(me, "use"), "SERVICE_NOT_RUNNING not_executed");
  assert.equal(await next.result(me, "tell"), "sent");
  assert.deepEqual([...next.all("call"), ...next.all("cast"), ...next.all("send")], []);
});

test("a reference to itself that comes back from another cell is its self", async (t) => {
  const { kernel } = await cellFor(t);
  const me = await kernel.load(holder, { service: "holder", incarnation: 5 });
  message(kernel, me, '{"$service":0}', [life("holder", 5)]);
  assert.equal(await kernel.result(me, "isSelf"), true);
});

test("a caller in another cell is given references, a client is not", async (t) => {
  const { kernel } = await cellFor(t);
  const me = await kernel.load(holder, { service: "holder", incarnation: 5 });
  const call = {
    type: "call",
    incarnation: incarnationNumber(me),
    method: "self_",
    timeoutMs: 5_000,
    chain: [],
  } as const;
  kernel.send({ ...call, id: 901, from: "far <0.1.42>", slots: [] }, "[]");
  assert.deepEqual(await kernel.outcome(901), {
    result: { me: { $service: 0 }, other: null },
    slots: [life("holder", 5)],
  });
  const { failure } = await kernel.call(me, "self_");
  assert.deepEqual([failure?.code, failure?.executed], ["NOT_SERIALIZABLE", "executed"]);
});

test("arguments of a call from another cell bring references; what their body names and they lack is refused", async (t) => {
  const { kernel } = await cellFor(t);
  const me = await kernel.load(holder, { service: "holder", incarnation: 5 });
  const call = {
    type: "call",
    incarnation: incarnationNumber(me),
    method: "keep",
    timeoutMs: 5_000,
    chain: [],
  } as const;
  kernel.send({ ...call, id: 901, from: "far <0.1.42>", slots: [{ service: id("far") }] }, '[{"$service":0}]');
  assert.equal((await kernel.outcome(901)).failure, undefined);
  assert.equal(await kernel.result(me, "name"), "far");
  kernel.send({ ...call, id: 902, from: "far <0.1.42>", slots: [] }, '[{"$service":0}]');
  const { failure } = await kernel.outcome(902);
  assert.deepEqual([failure?.code, failure?.executed], ["NOT_SERIALIZABLE", "not_executed"]);
});

test("what is held while no kernel is connected keeps its references", async (t) => {
  const { kernel, connect } = await cellFor(t);
  const me = await kernel.load(
    service(`
      start() { void this._share(); }
      async _share() {
        const far = await this.lookup("far");
        // It fails with the kernel that took it.
        await far.call.wait().catch(() => {});
        far.cast.note(this.self);
        this.got = await far.call.ping(this.self);
      }
      name() { return this.got?.name ?? ""; }`),
    { service: "holder", incarnation: 5 },
  );
  await kernel.result(me, "start");
  await said(kernel, "call");
  await kernel.close();
  const next = await connect();
  await next.hello(2);
  assert.deepEqual((await said(next, "cast")).slots, [life("holder", 5)]);
  const call = await said(next, "call");
  assert.deepEqual(call.slots, [life("holder", 5)]);
  next.send({ type: "answer", id: call.id, slots: [life("far", 42)] }, '{"$service":0}');
  const name = async (): Promise<unknown> => (await next.result(me, "name")) || name();
  assert.equal(await name(), "far");
});

test("a call to a life elsewhere that waits for it is a cycle", async (t) => {
  const { kernel } = await cellFor(t);
  const me = await kernel.load(holder, { service: "holder", incarnation: 5 });
  message(kernel, me, '{"$service":0}', [life("far", 42)]);
  await kernel.result(me, "name");
  const chain = [incarnationNumber(42)];
  const call = { type: "call", incarnation: incarnationNumber(me), method: "use", timeoutMs: 5_000, chain } as const;
  kernel.send({ ...call, id: 901, from: "far <0.1.42>", slots: [] }, "[]");
  assert.deepEqual(await kernel.outcome(901), { result: "CALL_CYCLE not_executed" });
});

test("a service that holds too many references takes no message that brings more; others it takes", async (t) => {
  const { kernel } = await cellFor(t);
  const me = await kernel.load(holder, { service: "holder", incarnation: 5 });
  const per = limits.slotsMax;
  for (let first = 0; first < limits.referencesMax; first += per) {
    const count = Math.min(per, limits.referencesMax - first);
    message(
      kernel,
      me,
      '"many"',
      Array.from({ length: count }, (_, n) => life("far", 1_000 + first + n)),
    );
  }
  message(kernel, me, '"one more"', [life("far", 999)]);
  await kernel.until(() => kernel.logs.find((line) => line.includes("a message was dropped")));
  const call = {
    type: "call",
    incarnation: incarnationNumber(me),
    method: "keep",
    timeoutMs: 5_000,
    chain: [],
  } as const;
  kernel.send({ ...call, id: 901, from: "far <0.1.42>", slots: [life("far", 999)] }, "[1]");
  const { failure } = await kernel.outcome(901);
  assert.deepEqual([failure?.code, failure?.executed], ["OVERLOADED", "not_executed"]);
  kernel.send({ ...call, id: 902, from: "far <0.1.42>", slots: [life("far", 1_000), { service: id("far") }] }, "[1]");
  assert.equal((await kernel.outcome(902)).failure, undefined);
});

test("a message carries so many references; one more is refused where it is", async (t) => {
  const { kernel } = await cellFor(t);
  const me = await kernel.load(
    service(`
      async flood(count) {
        const far = await this.lookup("far");
        const all = [];
        for (let i = 0; i < count; i++) all.push(await this.lookup("s" + i));
        try { far.cast.note(all); return "sent"; } catch (error) { return error.code + " " + error.message; }
      }`),
  );
  assert.equal(await kernel.result(me, "flood", limits.slotsMax), "sent");
  assert.equal((await said(kernel, "cast")).slots?.length, limits.slotsMax);
  assert.equal(
    await kernel.result(me, "flood", limits.slotsMax + 1),
    "NOT_SERIALIZABLE an argument of far.note[0][256] cannot be sent: a message carries at most 256 references",
  );
});
