/** A client that does not read its answers is held back, and then refused; whoever reads never notices the bounds. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test, type TestContext } from "node:test";
import { create, toBinary } from "@bufbuild/protobuf";
import { SoloKernel } from "../../src/api/index.ts";
import { isRefusal } from "../../src/base/index.ts";
import { startGrpc } from "../../src/gateways/index.ts";
import { connect, type SoloClient } from "../../src/client/index.ts";
import { until } from "../e2e/solo.ts";
import { makeWorld } from "../gateway/world.ts";
import {
  flags,
  frame,
  frames,
  grpcHeaders,
  grpcMessage,
  initialWindowSize,
  RawPeer,
  setting,
  windowUpdate,
} from "./h2.ts";
import type { Peer } from "./raw.ts";

const answerBytes = 10_000;
/** Ten answers; the gateway refuses past eight times as much. */
const unreadBytesMax = 10 * answerBytes;
const source = `export default class Large {
  held = 0;
  opened = new Promise((resolve) => { this.open = () => resolve(); });
  large(length) { return "x".repeat(length); }
  async slow(length) { this.held += 1; await this.opened; return "x".repeat(length); }
  holds() { return this.held; }
}`;

interface Served {
  readonly peer: Peer;
  /** The same tenant's. */
  readonly client: SoloClient;
  readonly admin: SoloClient;
}

async function serve(t: TestContext): Promise<Served> {
  const world = await makeWorld(t);
  const server = await startGrpc({
    listen: { host: "127.0.0.1", port: 0 },
    identity: world.identity,
    ports: world.ports,
    report: ({ error }) => assert.fail(error as Error),
    limits: { unreadBytesMax },
  });
  assert.ok(!isRefusal(server));
  const { cert, key } = world.identity.clients.find(({ role }) => role === "admin")?.paths ?? {};
  assert.ok(cert !== undefined && key !== undefined);
  const { address } = server;
  const { ca } = world.identity.server;
  const admin = connect({ address, ca, cert: readFileSync(cert, "utf8"), key: readFileSync(key, "utf8") });
  t.after(() => admin.close());
  await admin.createTenant({ tenantId: "mallory" });
  const issued = await admin.issueCertificate({ tenantId: "mallory" });
  const peer = { address, ca, cert: issued.certificatePem, key: issued.privateKeyPem };
  const client = connect(peer);
  t.after(async () => {
    client.close();
    await server.close({ graceMs: 100 });
  });
  await client.deploy({ serviceId: "large", code: Buffer.from(source), format: 3 });
  return { peer, client, admin };
}

const message = (method: string): Buffer => {
  const { input } = SoloKernel.method.call;
  const args = Buffer.from(`[${answerBytes}]`);
  return Buffer.from(toBinary(input, create(input, { serviceId: "large", method, args })));
};

const request = (stream: number, method: string): Buffer =>
  Buffer.concat([
    frame(frames.headers, flags.endHeaders, stream, grpcHeaders(`/${SoloKernel.typeName}/Call`)),
    grpcMessage(stream, message(method)),
  ]);

const large = (client: SoloClient): Promise<unknown> =>
  client.call({ serviceId: "large", method: "large", args: Buffer.from(`[${answerBytes}]`) }, { timeoutMs: 10_000 });

const open = (client: SoloClient): Promise<unknown> => client.call({ serviceId: "large", method: "open" });
/** How many slow calls have begun. */
const held = async (client: SoloClient): Promise<number> =>
  Number(Buffer.from((await client.call({ serviceId: "large", method: "holds" })).result).toString());

interface Deaf {
  readonly raw: RawPeer;
  /** Answers of which the headers came. */
  begun: number;
  ended: number;
  /** What came of their content. */
  bytes: number;
}

/** Reads no content until it opens its windows. */
async function deafTo(peer: Peer): Promise<Deaf> {
  const raw = await RawPeer.greet(peer, setting(initialWindowSize, 0));
  const deaf: Deaf = { raw, begun: 0, ended: 0, bytes: 0 };
  raw.onFrame((type, flag, length) => {
    if (type === frames.data) deaf.bytes += length;
    if (type !== frames.headers) return;
    if ((flag & flags.endStream) === 0) deaf.begun += 1;
    else deaf.ended += 1;
  });
  return deaf;
}

test("past so much unread, further requests wait; they are answered when the one who did not read is gone", async (t) => {
  const { peer, client, admin } = await serve(t);
  const deaf = await deafTo(peer);
  const { raw } = deaf;
  for (let stream = 1; stream <= 19; stream += 2) {
    raw.write(request(stream, "large"));
    await until("its answer to begin", () => deaf.begun === (stream + 1) / 2);
  }
  raw.write(request(21, "large"));
  let answered = false;
  const waiting = large(client).then(() => (answered = true));
  // Each is a round trip behind them.
  for (let i = 0; i < 20; i++) await admin.listTenants();
  assert.equal(answered, false);
  assert.equal(deaf.begun, 10);
  raw[Symbol.dispose]();
  await waiting;
});

test("what was begun at once is answered up to the last limit, and refused past it", async (t) => {
  const { peer, client } = await serve(t);
  const deaf = await deafTo(peer);
  const { raw } = deaf;
  raw.write(...Array.from({ length: 120 }, (_, i) => request(2 * i + 1, "slow")));
  await until("all to be begun", async () => (await held(client)) === 120);
  await open(client);
  await until("every answer, or a refusal in its place, to begin", () => deaf.begun === 120);
  raw.write(windowUpdate(0, 2 ** 24), ...Array.from({ length: 120 }, (_, i) => windowUpdate(2 * i + 1, 2 ** 20)));
  await until("their ends", () => deaf.ended === 120);
  // A little more than ten thousand each, with what frames them.
  assert.equal(Math.floor(deaf.bytes / answerBytes), 79);
  raw[Symbol.dispose]();
  await large(client);
});

test("who reads is answered, however much that is in all", async (t) => {
  const { client } = await serve(t);
  for (let round = 0; round < 10; round++) await Promise.all(Array.from({ length: 20 }, () => large(client)));
});

test("answers to calls that were broken off are not held against anyone", async (t) => {
  const { peer, client } = await serve(t);
  for (let round = 0; round < 10; round++) {
    const { raw } = await deafTo(peer);
    await raw.written(...Array.from({ length: 20 }, (_, i) => request(2 * i + 1, "slow")));
    raw[Symbol.dispose]();
  }
  await open(client);
  await Promise.all(Array.from({ length: 20 }, () => large(client)));
});
