import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import { isRefusal, type KernelEpoch, type Refusal } from "../base/index.ts";
import { Builder, type Compiled } from "./builder.ts";
import { type Heard, Peer } from "./peer.testing.ts";

const epoch = 1 as KernelEpoch;
const code = Buffer.from("code");

const compile = (builder: Builder, scope: string, file: string): Promise<Compiled | Refusal> =>
  builder.compile({ scope, file, format: "typescript", source: Buffer.from(file) });

/** Answers what was heard, as a builder that is content with it. */
function answer(peer: Peer, { header }: Heard): void {
  peer.say({ type: "compiled", id: header["id"], codeBytes: code.length, warnings: [], cached: false }, code);
}

const textOf = (compiled: Compiled | Refusal): string =>
  "code" in compiled ? Buffer.from(compiled.code).toString() : JSON.stringify(compiled);

test("tenants are served in rotation: who asks for much waits behind nobody but itself", async () => {
  await using peer = await Peer.listen();
  using builder = new Builder(epoch);
  builder.connect(peer.path);
  const greedy = Array.from({ length: 6 }, (_, i) => compile(builder, "greedy", `greedy-${i}`));
  const modest = compile(builder, "modest", "modest");
  const order: unknown[] = [];
  for (let i = 0; i < 7; i++) {
    const heard = await peer.hear("compile");
    order.push(heard.header["file"]);
    answer(peer, heard);
  }
  // Two are with the builder before the other tenant asks.
  assert.deepEqual(order.slice(0, 4), ["greedy-0", "greedy-1", "greedy-2", "modest"]);
  for (const each of [...greedy, modest]) assert.equal(textOf(await each), "code");
});

test("a tenant's queue is bounded, and another's is not full for it", async () => {
  await using peer = await Peer.listen();
  using builder = new Builder(epoch);
  const asked = Array.from({ length: 33 }, (_, i) => compile(builder, "greedy", `${i}`));
  const refused = await asked[32];
  assert.ok(refused !== undefined && isRefusal(refused));
  assert.equal(refused.refused, "OVERLOADED");
  const modest = compile(builder, "modest", "modest");
  builder.connect(peer.path);
  for (let i = 0; i < 33; i++) answer(peer, await peer.hear("compile"));
  assert.equal(textOf(await modest), "code");
  for (const each of asked.slice(0, 32)) assert.equal(textOf(await each), "code");
});

test("of a builder that ends, only the request that it worked on is refused; the others are asked again of the next", async () => {
  await using first = await Peer.listen();
  await using second = await Peer.listen();
  using builder = new Builder(epoch);
  builder.connect(first.path);
  const poison = compile(builder, "hostile", "poison");
  const others = ["a", "b", "c"].map((file) => compile(builder, "innocent", file));
  await first.hear("compile");
  await first.hear("compile");
  first.hangUp();
  const refused = await poison;
  assert.ok(isRefusal(refused));
  assert.deepEqual(refused, { refused: "BUILDER_UNAVAILABLE", detail: { why: "it ended while it worked" } });
  builder.connect(second.path);
  const again: unknown[] = [];
  for (let i = 0; i < 3; i++) {
    const heard = await second.hear("compile");
    again.push(heard.header["file"]);
    answer(second, heard);
  }
  assert.deepEqual(again, ["a", "b", "c"]);
  for (const each of others) assert.equal(textOf(await each), "code");
});

test("a builder that breaks the protocol is cut off, and asked again: none is spawned in its place", async () => {
  await using peer = await Peer.listen();
  using builder = new Builder(epoch);
  builder.connect(peer.path);
  const poison = compile(builder, "hostile", "poison");
  const other = compile(builder, "innocent", "other");
  await peer.hear("compile");
  await peer.hear("compile");
  peer.say({ type: "rejected", id: 1, errors: [{ message: "", line: 2 ** 40, column: 0, file: "", excerpt: "" }] });
  assert.ok(isRefusal(await poison));
  const heard = await peer.hear("compile");
  assert.equal(heard.header["file"], "other");
  answer(peer, heard);
  assert.equal(textOf(await other), "code");
});

test("sources that are large together do not break the pipe: it holds few at a time", async () => {
  await using peer = await Peer.listen();
  using builder = new Builder(epoch);
  builder.connect(peer.path);
  const large = Buffer.alloc(4 * 1024 * 1024, " ");
  const asked = Array.from({ length: 30 }, (_, i) =>
    builder.compile({ scope: `t${i}`, file: "large", format: "typescript", source: large }),
  );
  for (let i = 0; i < 30; i++) answer(peer, await peer.hear("compile"));
  for (const each of asked) assert.equal(textOf(await each), "code");
});

test("when Solo ends, nobody is left waiting", async () => {
  await using peer = await Peer.listen();
  const builder = new Builder(epoch);
  builder.connect(peer.path);
  const asked = [compile(builder, "a", "1"), compile(builder, "a", "2"), compile(builder, "b", "3")];
  await peer.hear("compile");
  builder[Symbol.dispose]();
  for (const each of asked) assert.ok(isRefusal(await each));
  await turn();
});
