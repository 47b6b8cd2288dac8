import assert from "node:assert/strict";
import { test } from "node:test";
import { record, union, whole } from "../base/index.ts";
import { encodeFrame, limitsOfFrames } from "./pipe.testing.ts";
import { Peer } from "./peer.testing.ts";
import { type Closed, Pipe, type PipePatience } from "./pipe.ts";

const shape = union({ number: record({ value: whole(0, 10) }) });
type Message = { readonly type: "number"; readonly value: number };

async function withPipe(
  run: (peer: Peer, pipe: Pipe<Message, Message>, heard: Message[], closed: Promise<Closed>) => Promise<void>,
  patience?: Partial<PipePatience>,
): Promise<void> {
  await using peer = await Peer.listen();
  const heard: Message[] = [];
  const closed = Promise.withResolvers<Closed>();
  using pipe = new Pipe<Message, Message>(
    peer.path,
    shape,
    {
      onMessage: (message) => heard.push(message),
      onClosed: closed.resolve,
    },
    patience,
  );
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

const megabyte = new Uint8Array(1024 * 1024);

test("a peer that has much to read, and reads, is not cut off, whatever waits for it", () =>
  withPipe(
    async (peer, pipe) => {
      for (let n = 0; n < 32; n++) pipe.send({ type: "number", value: 2 }, megabyte);
      for (let n = 0; n < 32; n++) assert.equal((await peer.hear("number")).body.length, megabyte.length);
      assert.equal(pipe.isClosed, false);
    },
    { unreadBytesMax: 1024 * 1024, silentMsMax: 1_000 },
  ));

test("a peer that reads nothing while much waits for it is cut off, and the reason says so", () =>
  withPipe(
    async (peer, pipe, _heard, closed) => {
      peer.readNothing();
      for (let n = 0; n < 32; n++) pipe.send({ type: "number", value: 2 }, megabyte);
      const end = await closed;
      assert.ok(end.why === "protocol" && end.problem.startsWith("read nothing for 50 ms"), JSON.stringify(end));
    },
    { unreadBytesMax: 1024 * 1024, silentMsMax: 50 },
  ));

test("a peer that reads on, but slower than it is sent to, never has more than so much waiting for it", () =>
  withPipe(
    async (peer, pipe, _heard, closed) => {
      peer.readNothing();
      for (let n = 0; n < 9; n++) pipe.send({ type: "number", value: 2 }, megabyte);
      const end = await closed;
      assert.ok(end.why === "protocol" && /^left \d+ bytes unread$/.test(end.problem), JSON.stringify(end));
    },
    { waitingBytesMax: 4 * 1024 * 1024 },
  ));

test("a body that is larger than a peer may send closes the pipe as its fault", () =>
  withPipe(
    async (peer, _pipe, heard, closed) => {
      peer.say({ type: "number", value: 2 }, new Uint8Array(1_000));
      peer.say({ type: "number", value: 3 }, new Uint8Array(1_001));
      const end = await closed;
      assert.equal(end.why, "protocol");
      assert.deepEqual(
        heard.map(({ value }) => value),
        [2],
      );
    },
    { bodyBytesMax: 1_000 },
  ));
