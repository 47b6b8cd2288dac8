/**
 * Clients that hold a certificate and break every rule of the connection: none harms the kernel, its memory stays bounded,
 * and the neighbour's calls go on being answered.
 */
import assert from "node:assert/strict";
import { connect } from "node:net";
import { after, before, test } from "node:test";
import { setTimeout as wait } from "node:timers/promises";
import { create, toBinary, type MessageInitShape } from "@bufbuild/protobuf";
import { SoloKernel } from "../../src/api/index.ts";
import type { SoloClient } from "../../src/client/index.ts";
import { grpcLimits } from "../../src/gateways/index.ts";
import { Random } from "../crash/random.ts";
import { call, Solo, until } from "../e2e/solo.ts";
import { flags, frame, frames, grpcHeaders, grpcMessage, initialWindowSize, preface, RawPeer, setting } from "./h2.ts";
import type { Peer } from "./raw.ts";
import { Witness } from "./witness.ts";

const mebibyte = 1024 * 1024;

let solo: Solo;
let witness: Witness;
let mallory: SoloClient;
let peer: Peer;

before(async () => {
  solo = await Solo.start();
  witness = await Witness.of(solo);
  mallory = await solo.tenant("mallory");
  peer = await solo.certificate("mallory");
  await deploy();
});
after(() => solo[Symbol.asyncDispose]());

const deploy = async (): Promise<void> => {
  await mallory.deploy({
    serviceId: "slow",
    code: Buffer.from(`import { Service } from "solo:service";
export default class Slow extends Service {
  sleep(ms) { return new Promise((done) => setTimeout(() => done("awake"), ms)); }
  large(length) { return "x".repeat(length); }
  ping() { return "pong"; }
}`),
  });
};

/** What was begun and is wanted by nobody any more is not left running. */
async function deployAnew(): Promise<void> {
  await mallory.kill({ serviceId: "slow", force: true });
  await deploy();
}

const path = (method: "call" | "status" | "watchEvents"): string =>
  `/${SoloKernel.typeName}/${SoloKernel.method[method].name}`;

const callOf = (init: MessageInitShape<typeof SoloKernel.method.call.input>): Buffer =>
  Buffer.from(
    toBinary(SoloKernel.method.call.input, create(SoloKernel.method.call.input, { serviceId: "slow", ...init })),
  );

/** The whole of one request, on a stream of its own. */
const request = (stream: number, method: "call" | "status" | "watchEvents", message: Buffer): Buffer =>
  Buffer.concat([
    frame(frames.headers, flags.endHeaders, stream, grpcHeaders(path(method))),
    grpcMessage(stream, message),
  ]);

async function many(count: number, make: (index: number) => Promise<RawPeer>): Promise<RawPeer[]> {
  return Promise.all(Array.from({ length: count }, (_, i) => make(i)));
}

/** Runs a misdeed beside the neighbour, and then looks at what it left. */
async function misbehave(misdeed: () => Promise<void>): Promise<void> {
  const before = witness.kernelMiB();
  await witness.during(misdeed);
  await witness.stillThere();
  assert.equal(await call(mallory, "slow", "ping"), "pong", "whoever behaves again is served again");
  witness.expectNoLarger(before);
}

test("hundreds of connections that never speak, before TLS and after it, keep nobody out", () =>
  misbehave(async () => {
    const [host = "", port = ""] = solo.address.split(":");
    const sockets = Array.from({ length: 300 }, () =>
      connect({ host, port: Number(port) }).on("error", () => undefined),
    );
    // A tenant has a hundred connections; a few are in use.
    const silent = await many(30, () => RawPeer.connect(peer));
    const half = await many(10, async () => {
      const one = await RawPeer.connect(peer);
      one.write(preface.subarray(0, 10));
      return one;
    });
    await witness.calls(20);
    for (const socket of sockets) socket.destroy();
    for (const one of [...silent, ...half]) one[Symbol.dispose]();
  }));

test("garbage after TLS, and frames that break the protocol, end their connection and nothing else", (t) =>
  misbehave(async () => {
    const seed = Math.floor(Math.random() * 2 ** 32);
    t.diagnostic(`seed ${seed}`);
    const random = new Random(seed);
    const noise = (length: number): Buffer => Buffer.from(Array.from({ length }, () => random.whole(0, 255)));
    const greeting = Buffer.concat([preface, frame(frames.settings, flags.none, 0)]);
    const wrong: readonly Buffer[] = [
      noise(500),
      Buffer.from("GET / HTTP/1.1\r\nHost: solo\r\n\r\n"),
      Buffer.concat([preface, noise(500)]),
      // DATA on the connection, and on a stream that was never opened.
      Buffer.concat([greeting, frame(frames.data, flags.none, 0, noise(10))]),
      Buffer.concat([greeting, frame(frames.data, flags.none, 5, noise(10))]),
      // Settings of a wrong size and of a wrong value; a window that overflows; a ping of a wrong size.
      Buffer.concat([greeting, frame(frames.settings, flags.none, 0, noise(5))]),
      Buffer.concat([greeting, frame(frames.settings, flags.none, 0, setting(initialWindowSize, 2 ** 31))]),
      Buffer.concat([greeting, frame(frames.windowUpdate, flags.none, 0, Buffer.from("7fffffff", "hex"))]),
      Buffer.concat([greeting, frame(frames.ping, flags.none, 0, noise(3))]),
      // Streams that clients may not open, header blocks that are none, a continuation of nothing.
      Buffer.concat([greeting, frame(frames.headers, flags.endHeaders, 2, grpcHeaders(path("status")))]),
      Buffer.concat([greeting, frame(frames.headers, flags.endHeaders, 1, Buffer.alloc(200, 0xff))]),
      Buffer.concat([greeting, frame(frames.continuation, flags.endHeaders, 1, noise(10))]),
      // A frame that says it is longer than any may be.
      Buffer.concat([greeting, Buffer.from("ffffff000000000001", "hex"), noise(100)]),
    ];
    await Promise.all(
      wrong.map(async (bytes) => {
        using one = await RawPeer.connect(peer);
        one.read();
        one.write(bytes);
        await one.closed;
      }),
    );
  }));

test("header blocks that never end are cut off", () =>
  misbehave(async () => {
    using one = await RawPeer.greet(peer);
    one.read();
    await one.written(frame(frames.headers, flags.none, 1, grpcHeaders(path("status"))));
    const more = frame(
      frames.continuation,
      flags.none,
      1,
      Buffer.concat([Buffer.from([0, 1]), Buffer.from("x"), Buffer.from([0])]),
    );
    const flood = Buffer.concat(Array.from({ length: 1_000 }, () => more));
    let sent = 0;
    while (sent < 64 * mebibyte && (await one.written(flood))) sent += flood.length;
    assert.ok(sent < 64 * mebibyte, "it was not taken for ever");
  }));

test("headers that come byte by byte hold up only their own connection", () =>
  misbehave(async () => {
    const slow = await many(30, () => RawPeer.greet(peer));
    const bytes = frame(frames.headers, flags.endHeaders | flags.endStream, 1, grpcHeaders(path("status")));
    for (let at = 0; at < 60; at++) {
      for (const one of slow) one.write(bytes.subarray(at, at + 1));
      await wait(5);
    }
    for (const one of slow) one[Symbol.dispose]();
  }));

test("streams that are opened and reset at once, by the thousand, cost little and keep nobody out", () =>
  misbehave(async () => {
    const message = callOf({ method: "sleep", args: Buffer.from("[60000]"), timeoutMs: 60_000 });
    const cancel = Buffer.from("00000008", "hex");
    await Promise.all(
      Array.from({ length: 4 }, async () => {
        using one = await RawPeer.greet(peer);
        one.read();
        for (let stream = 1; stream < 10_000; stream += 2) {
          const reset = frame(frames.resetStream, flags.none, stream, cancel);
          if (!(await one.written(request(stream, "call", message), reset))) break;
        }
      }),
    );
    await deployAnew();
  }));

test("floods of pings and settings, whose answers nobody reads, are cut off", () =>
  misbehave(async () => {
    for (const flood of [frame(frames.ping, flags.none, 0, Buffer.alloc(8)), frame(frames.settings, flags.none, 0)]) {
      using one = await RawPeer.greet(peer);
      const bytes = Buffer.concat(Array.from({ length: 2_000 }, () => flood));
      let sent = 0;
      while (sent < 64 * mebibyte && (await one.written(bytes))) sent += bytes.length;
      assert.ok(sent < 64 * mebibyte, "it was not taken for ever");
    }
  }));

test("who breaks off in mid-call, again and again, leaves nothing behind", () =>
  misbehave(async () => {
    const message = callOf({ method: "sleep", args: Buffer.from("[20]"), timeoutMs: 5_000 });
    for (let round = 0; round < 10; round++) {
      const broken = await many(20, async () => {
        const one = await RawPeer.greet(peer);
        await one.written(request(1, "call", message));
        return one;
      });
      for (const one of broken) one[Symbol.dispose]();
    }
    await until(
      "the abandoned calls to be over",
      async () => (await mallory.status({ serviceId: "slow" })).currentUsage?.messageQueueLen === 0,
      30_000,
    );
  }));

test("thousands of calls at once on one connection are all answered", () =>
  misbehave(async () => {
    const answers = await Promise.all(Array.from({ length: 3_000 }, () => call(mallory, "slow", "ping")));
    assert.ok(answers.every((answer) => answer === "pong"));
  }));

test("streams that nobody reads cost what their windows hold", () =>
  misbehave(async () => {
    const everything = Buffer.alloc(0);
    const deaf = await many(20, async () => {
      const one = await RawPeer.greet(peer, setting(initialWindowSize, 0));
      for (let stream = 1; stream < 10; stream += 2) one.write(request(stream, "watchEvents", everything));
      return one;
    });
    for (let i = 0; i < 30; i++) await mallory.validate({ code: Buffer.from("export default 1") });
    for (const one of deaf) one[Symbol.dispose]();
  }));

test("of answers that nobody reads the kernel keeps so much and no more, and nobody else waits for theirs", (t) =>
  misbehave(async () => {
    const answerBytes = 4_000_000;
    // What is begun at once is answered; past this, what comes later waits: far more than any bound here, if it did not.
    const first = 2 * Math.ceil(grpcLimits.unreadBytesMax / answerBytes);
    const wanted = Math.floor(grpcLimits.streamsPerConnectionMax / 2);
    const before = witness.kernelMiB();
    const message = callOf({ method: "large", args: Buffer.from(`[${answerBytes}]`), timeoutMs: 60_000 });
    let [begun, ended] = [0, 0];
    const deaf = await many(3, async () => {
      const one = await RawPeer.greet(peer, setting(initialWindowSize, 0));
      one.onFrame((type, flag) => {
        if (type !== frames.headers) return;
        if ((flag & flags.endStream) === 0) begun += 1;
        else ended += 1;
      });
      return one;
    });
    const [early] = deaf;
    assert.ok(early !== undefined);
    for (let i = 0; i < first; i++) early.write(request(2 * i + 1, "call", message));
    await until("the first of them to be answered", () => begun === first, 60_000);
    for (const one of deaf) {
      for (let i = first; i < wanted; i++) one.write(request(2 * i + 1, "call", message));
    }
    await witness.calls(50);
    t.diagnostic(`the kernel grew by ${Math.round(witness.kernelPeakMiB() - before)} MiB at its peak`);
    assert.deepEqual(
      { begun, ended },
      { begun: first, ended: 0 },
      "nobody is answered further who has not read so much",
    );
    witness.expectNoLarger(before);
    for (const one of deaf) one[Symbol.dispose]();
    await deployAnew();
  }));
