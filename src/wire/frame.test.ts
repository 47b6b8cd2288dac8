import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { limits } from "../base/index.ts";
import { type BrokenFrame, encodeFrame, type Frame, FrameReader } from "./frame.ts";

const read = (reader: FrameReader, chunks: readonly Uint8Array[]): (Frame | BrokenFrame)[] =>
  chunks.flatMap((chunk) => [...reader.read(chunk)]);

const cut = (bytes: Uint8Array, sizes: readonly number[]): Uint8Array[] => {
  const chunks: Uint8Array[] = [];
  let at = 0;
  for (const size of [...sizes, bytes.length]) {
    chunks.push(bytes.subarray(at, at + size));
    at += size;
  }
  return chunks;
};

const join = (parts: readonly Uint8Array[]): Uint8Array => {
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
};

test("what is written is read again, however the stream is cut", () => {
  const frames = fc.array(
    fc.record({ header: fc.jsonValue({ stringUnit: "binary" }), body: fc.uint8Array({ maxLength: 300 }) }),
    {
      maxLength: 8,
    },
  );
  fc.assert(
    fc.property(frames, fc.array(fc.nat(64), { maxLength: 40 }), (written, sizes) => {
      const bytes = join(written.map(({ header, body }) => encodeFrame(header, body)));
      const back = read(new FrameReader(), cut(bytes, sizes));
      assert.equal(back.length, written.length);
      for (const [index, frame] of back.entries()) {
        assert.ok("header" in frame);
        assert.equal(JSON.stringify(frame.header), JSON.stringify(written[index]?.header));
        assert.deepEqual([...frame.body], [...(written[index]?.body ?? [])]);
      }
    }),
  );
});

test("a frame that comes byte by byte, or in chunks of any size, is read whole, and costs no more than a few times its length", () => {
  const body = Uint8Array.from({ length: 1_000_000 }, (_, n) => n);
  const bytes = encodeFrame({ a: 1 }, body);
  const heap = (): number => process.memoryUsage().heapUsed + process.memoryUsage().arrayBuffers;
  const reader = new FrameReader();
  let most = 0;
  const before = heap();
  const back: (Frame | BrokenFrame)[] = [];
  for (let at = 0; at < bytes.length; at++) {
    back.push(...reader.read(bytes.slice(at, at + 1)));
    if (at % 100_000 === 0) most = Math.max(most, heap() - before);
  }
  assert.ok(most < 40_000_000, String(most));
  for (const size of [7, 4_095, 4_096, 65_536]) {
    const sizes = Array.from({ length: Math.ceil(bytes.length / size) }, (_, n) => (n % 3 === 0 ? size : 11));
    back.push(...read(new FrameReader(), cut(bytes, sizes)));
  }
  assert.equal(back.length, 5);
  for (const frame of back) assert.ok("body" in frame && Buffer.compare(frame.body, body) === 0);
});

test("no bytes make the reader throw", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), fc.boolean(), (bytes, plausible) => {
      const frame = plausible ? join([encodeFrame({ a: 1 }).subarray(0, 12), bytes]) : bytes;
      read(new FrameReader(), [frame]);
    }),
  );
});

test("a frame above the limit is broken before its body arrives", () => {
  const prefix = encodeFrame({}).slice(0, 12);
  new DataView(prefix.buffer).setUint32(8, limits.frameBytesMax, true);
  const [first] = read(new FrameReader(), [prefix]);
  assert.ok(first !== undefined && "broken" in first);
});

test("a header above its limit is broken even if the frame would fit", () => {
  const prefix = encodeFrame({}).slice(0, 12);
  new DataView(prefix.buffer).setUint32(4, limits.frameHeaderBytesMax + 1, true);
  const [first] = read(new FrameReader(), [prefix]);
  assert.ok(first !== undefined && "broken" in first);
});

test("another protocol version is broken, and says which", () => {
  const frame = encodeFrame({});
  frame[1] = 99;
  assert.deepEqual(read(new FrameReader(), [frame]), [{ broken: "protocol version 99" }]);
});

test("a newline in a body ends nothing", () => {
  const body = new TextEncoder().encode('"\n{}\n"');
  const [frame] = read(new FrameReader(), [encodeFrame({ type: "cast" }, body)]);
  assert.ok(frame !== undefined && "body" in frame);
  assert.deepEqual(frame.body, body);
});
