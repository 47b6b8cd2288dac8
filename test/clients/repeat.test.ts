/** What the client asks again, and what it says of it: a server that drops connections and writes down what it was sent. */
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import {
  createSecureServer,
  type Http2SecureServer,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from "node:http2";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { type CallRequest, CallRequestSchema, CallResponseSchema, statusOf } from "../../src/api/index.ts";
import { defined, isRefusal, refuse } from "../../src/base/index.ts";
import { connect, SoloError, type SoloClient } from "../../src/client/index.ts";
import { provideIdentity } from "../../src/gateways/index.ts";

interface Sent {
  readonly request: CallRequest;
  readonly atMs: number;
}

/** What the server does with each request, in order; the last for all that follow. */
type Does = "answer" | "drop" | "starting";

async function serve(t: TestContext, ...does: Does[]): Promise<{ readonly client: SoloClient; readonly sent: Sent[] }> {
  const dir = mkdtempSync(join(tmpdir(), "solo-repeat-"));
  const identity = await provideIdentity(dir, { now: Date.now });
  assert.ok(!isRefusal(identity));
  const sent: Sent[] = [];
  const server: Http2SecureServer = createSecureServer({ ...identity.server, requestCert: true });
  server.on("stream", (stream: ServerHttp2Stream) => {
    const chunks: Buffer[] = [];
    stream.on("error", () => undefined);
    stream.on("data", (chunk: Buffer) => chunks.push(chunk));
    stream.on("end", () => {
      const request = fromBinary(CallRequestSchema, Buffer.concat(chunks).subarray(5));
      const what = does[Math.min(sent.length, does.length - 1)];
      sent.push({ request, atMs: performance.now() });
      if (what === "drop") stream.session?.destroy();
      else if (what === "starting") refuseStarting(stream);
      else answer(stream);
    });
  });
  server.on("sessionError", () => undefined);
  const sessions = new Set<ServerHttp2Session>();
  server.on("session", (session) => sessions.add(session));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const files = defined(
    identity.clients.find(({ role }) => role === "admin"),
    "an administrator's certificate",
  ).paths;
  const client = connect({
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    ca: readFileSync(identity.caPath, "utf8"),
    cert: readFileSync(files.cert, "utf8"),
    key: readFileSync(files.key, "utf8"),
  });
  t.after(() => {
    client.close();
    for (const session of sessions) session.destroy();
    server.close();
    rmSync(dir, { recursive: true, force: true });
  });
  return { client, sent };
}

const grpcHeaders = { ":status": 200, "content-type": "application/grpc+proto" };

function answer(stream: ServerHttp2Stream): void {
  const message = toBinary(CallResponseSchema, create(CallResponseSchema, { result: Buffer.from("1") }));
  const prefix = Buffer.alloc(5);
  prefix.writeUInt32BE(message.length, 1);
  stream.respond(grpcHeaders, { waitForTrailers: true });
  stream.on("wantTrailers", () => stream.sendTrailers({ "grpc-status": "0" }));
  stream.end(Buffer.concat([prefix, message]));
}

function refuseStarting(stream: ServerHttp2Stream): void {
  const { code, message, details } = statusOf(refuse("STARTING"));
  const trailers = { "grpc-status": `${code}`, "grpc-message": message };
  stream.respond(
    { ...grpcHeaders, ...trailers, "grpc-status-details-bin": Buffer.from(details).toString("base64") },
    { endStream: true },
  );
}

const calling = { serviceId: "s", method: "m" };

test("a call whose connection is lost is sent again under its name, with an age that covers all its time", async (t) => {
  const { client, sent } = await serve(t, "drop", "drop", "answer");
  const beganMs = performance.now();
  await client.call(calling);
  assert.equal(sent.length, 3);
  assert.equal(new Set(sent.map(({ request }) => request.requestId)).size, 1);
  assert.notEqual(sent[0]?.request.requestId, "");
  assert.equal(sent[0]?.request.ageMs, 0);
  for (const { request, atMs } of sent.slice(1)) {
    assert.ok(request.ageMs >= 50 && request.ageMs <= atMs - beganMs + 2, `${request.ageMs} of ${atMs - beganMs}`);
  }
  const [first, second, third] = sent;
  assert.ok(first !== undefined && second !== undefined && third !== undefined);
  assert.ok(
    third.request.ageMs >= second.atMs - first.atMs + 50,
    "the time of all that were lost, and the wait after them",
  );
});

test("what a caller says of an earlier time is added to", async (t) => {
  const { client, sent } = await serve(t, "drop", "answer");
  await client.call({ ...calling, requestId: "mine", ageMs: 5_000 });
  assert.deepEqual(
    sent.map(({ request }) => request.requestId),
    ["mine", "mine"],
  );
  assert.equal(sent[0]?.request.ageMs, 5_000);
  assert.ok((sent[1]?.request.ageMs ?? 0) >= 5_050);
});

test("a call that a starting kernel did not take is sent as if for the first time", async (t) => {
  const { client, sent } = await serve(t, "starting", "answer");
  await client.call(calling);
  assert.deepEqual(
    sent.map(({ request }) => request.ageMs),
    [0, 0],
  );
});

test("a call is not sent again where its caller does not want it; a cast never is", async (t) => {
  const { client, sent } = await serve(t, "drop");
  const lost = (error: unknown): boolean => error instanceof SoloError && error.code === "UNREACHABLE";
  await assert.rejects(client.call(calling, { retryForMs: 0 }), lost);
  await assert.rejects(client.cast(calling), lost);
  assert.equal(sent.length, 2);
});
