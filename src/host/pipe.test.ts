import assert from "node:assert/strict";
import { test } from "node:test";
import { record, union, whole } from "../base/index.ts";
import { encodeFrame, limitsOfFrames } from "./pipe.testing.ts";
import { Peer } from "./peer.testing.ts";
import { type Closed, Pipe } from "./pipe.ts";

const shape = union({ number: record({ value: whole(0, 10) }) });
type Message = { readonly type: "number"; readonly value: number };

async function withPipe(
  run: (peer: Peer, pipe: Pipe<Message, Message>, heard: Message[], closed: Promise<Closed>) => Promise<void>,
): Promise<void> {
  await using peer = await Peer.listen();
  const heard: Message[] = [];
  const closed = Promise.withResolvers<Closed>();
  using pipe = new Pipe<Message, Message>(peer.path, shape, {
    onMessage: (message) => heard.push(message),
    onClosed: closed.resolve,
  });
  pipe.send({ type: "number", value: 1 });
  await peer.hear("number");
  await run(peer, pipe, heard, closed.promise);
}

test("messages arrive whole and in order, however they are cut", () =>
  withPipe(async (peer, _pipe, heard, closed) => {
    const bytes = Buffer.concat([1, 2, 3].map((value) => encodeFrame({ type: "number", value })));
    for (const byte of bytes) peer.write(Uint8Array.of(byte));
    peer.hangUp();
    await closed;
    assert.deepEqual(
      heard.map(({ value }) => value),
      [1, 2, 3],
    );
  }));

test("a message that fits no shape closes the pipe as the peer's fault", () =>
  withPipe(async (peer, pipe, heard, closed) => {
    peer.say({ type: "number", value: 11 });
    assert.equal((await closed).why, "protocol");
    assert.deepEqual(heard, []);
    assert.equal(pipe.send({ type: "number", value: 2 }), false);
  }));

test("bytes that are no frame close the pipe as the peer's fault", () =>
  withPipe(async (peer, _pipe, _heard, closed) => {
    peer.write(new TextEncoder().encode("GET / HTTP/1.1\r\n\r\n"));
    assert.equal((await closed).why, "protocol");
  }));

test("a frame announced above its limit closes the pipe before it is kept", () =>
  withPipe(async (peer, _pipe, _heard, closed) => {
    peer.write(limitsOfFrames.tooLong());
    const end = await closed;
    assert.equal(end.why, "protocol");
  }));

test("the end of the peer is told once", () =>
  withPipe(async (peer, _pipe, _heard, closed) => {
    peer.hangUp();
    const end = await closed;
    assert.notEqual(end.why, "protocol");
  }));
