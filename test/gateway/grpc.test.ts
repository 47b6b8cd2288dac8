import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { once } from "node:events";
import http2 from "node:http2";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { connect as tcp, createServer, type AddressInfo, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { connect as tlsConnect, type TLSSocket } from "node:tls";
import { promisify } from "node:util";
import { create } from "@bufbuild/protobuf";
import {
  Client,
  credentials,
  type ClientDuplexStream,
  Metadata,
  status as codes,
  type ServiceError,
} from "@grpc/grpc-js";
import {
  DiagnosticSchema,
  operations,
  Status_Value,
  withEvidence,
  type Failure,
  type OperationName,
} from "../../src/api/index.ts";
import { isRefusal, limits, refuse } from "../../src/base/index.ts";
import { connect, SoloError, type Connection, type SoloClient } from "../../src/client/index.ts";
import {
  grpcLimits,
  provideIdentity,
  startGrpc,
  type GrpcLimits,
  type GrpcServer,
  type Ports,
  type Report,
} from "../../src/gateways/index.ts";
import { bytes, counter } from "./asking.ts";
import { makeWorld, type World } from "./world.ts";

const root = join(import.meta.dirname, "..", "..");

interface Served {
  readonly world: World;
  readonly server: GrpcServer;
  readonly admin: SoloClient;
  readonly adminConnection: Connection;
  readonly clientOf: (connection: Connection) => SoloClient;
  /** A connection with a fresh certificate of this tenant, which is made if need be. */
  readonly as: (tenant: string) => Promise<Connection>;
}

async function serve(
  t: TestContext,
  own: Partial<GrpcLimits> = {},
  other: { readonly ports?: (ports: Ports) => Ports; readonly report?: Report } = {},
): Promise<Served> {
  const world = await makeWorld(t);
  const server = await startGrpc({
    listen: { host: "127.0.0.1", port: 0 },
    identity: world.identity,
    ports: other.ports?.(world.ports) ?? world.ports,
    report: other.report ?? (({ error }) => assert.fail(error as Error)),
    limits: own,
  });
  assert.ok(!isRefusal(server));
  const clients: SoloClient[] = [];
  t.after(async () => {
    for (const client of clients) client.close();
    await server.close({ graceMs: 100 });
  });
  const clientOf = (connection: Connection): SoloClient => {
    const client = connect(connection);
    clients.push(client);
    return client;
  };
  const files = world.identity.clients.find(({ role }) => role === "admin")?.paths;
  assert.ok(files !== undefined);
  const adminConnection: Connection = {
    address: server.address,
    ca: world.identity.server.ca,
    cert: readFileSync(files.cert, "utf8"),
    key: readFileSync(files.key, "utf8"),
  };
  const admin = clientOf(adminConnection);
  const as = async (tenant: string): Promise<Connection> => {
    const { tenants } = await admin.listTenants();
    if (!tenants.some(({ tenantId }) => tenantId === tenant)) await admin.createTenant({ tenantId: tenant });
    const issued = await admin.issueCertificate({ tenantId: tenant });
    return { address: server.address, ca: issued.caPem, cert: issued.certificatePem, key: issued.privateKeyPem };
  };
  return { world, server, admin, adminConnection, clientOf, as };
}

async function failure(promise: Promise<unknown>): Promise<SoloError> {
  try {
    await promise;
  } catch (error) {
    assert.ok(error instanceof SoloError, String(error));
    return error;
  }
  assert.fail("it did not fail");
}

/** Calls a path with raw bytes, as no client of ours would. */
function raw(connection: Connection, path: string, request: Uint8Array): Promise<ServiceError | Buffer> {
  const secure = credentials.createSsl(
    Buffer.from(connection.ca),
    Buffer.from(connection.key),
    Buffer.from(connection.cert),
  );
  const client = new Client(connection.address, secure, {
    "grpc.ssl_target_name_override": "localhost",
    "grpc.max_send_message_length": -1,
  });
  return new Promise((resolve) => {
    client.makeUnaryRequest(
      path,
      (message: Buffer) => message,
      (message) => message,
      Buffer.from(request),
      new Metadata(),
      {},
      (error, answer) => {
        client.close();
        resolve(error ?? answer ?? Buffer.alloc(0));
      },
    );
  });
}

test("a service is deployed, called, watched and killed over mutual TLS", async (t) => {
  const { admin } = await serve(t);
  const deployed = await admin.deploy({ serviceId: "counter", code: bytes(counter) });
  assert.equal(deployed.status, Status_Value.RUNNING);
  const { result } = await admin.call({ serviceId: "counter", method: "add", args: bytes("[2]") });
  assert.equal(Buffer.from(result).toString(), "2");
  const seen: string[] = [];
  for await (const { event } of admin.watch({ serviceId: "counter", includeLogs: true, tailLines: 1 })) {
    seen.push(event.case ?? "");
    if (event.case === "log") break;
  }
  assert.deepEqual(seen, ["statusChange", "log"]);
  assert.equal((await admin.kill({ serviceId: "counter" })).finalStatus, Status_Value.STOPPED);
});

test("a failed call arrives whole: code, status, remedy, stack, fields", async (t) => {
  const { admin } = await serve(t);
  await admin.deploy({ serviceId: "counter", code: bytes(counter) });
  const failed = await failure(admin.call({ serviceId: "counter", method: "fail" }));
  assert.equal(failed.code, "CALL_FAILED");
  assert.equal(failed.status, "ABORTED");
  assert.equal(failed.message, "counter.fail threw TypeError: no such luck");
  assert.equal(failed.executed, "executed");
  assert.match(failed.guestStack ?? "", /TypeError: no such luck\n/);
  assert.notEqual(failed.remedy, "");
  const invalid = await failure(admin.deploy({ serviceId: "a b" }));
  assert.deepEqual(invalid.fields, [{ field: "service_id", description: "must be 1–128 of a-z A-Z 0-9 _ -" }]);
});

test("without a certificate, or with one of another authority, nobody gets in", async (t) => {
  const { server, world, adminConnection, clientOf } = await serve(t);
  const other = mkdtempSync(join(tmpdir(), "solo-foreign-"));
  t.after(() => rmSync(other, { recursive: true, force: true }));
  const foreign = await provideIdentity(other, { now: Date.now });
  assert.ok(!isRefusal(foreign));
  const stranger = await foreign.issue({ role: "admin", days: 1 });
  const client = clientOf({ ...adminConnection, cert: stranger.certificatePem, key: stranger.privateKeyPem });
  assert.equal((await failure(client.list({}, { retryForMs: 0 }))).code, "UNREACHABLE");
  // A server of another authority is not believed either.
  const deceived = clientOf({ ...adminConnection, ca: stranger.caPem });
  assert.equal((await failure(deceived.list())).code, "UNREACHABLE");
  // The server's own certificate is none of a client.
  const { cert, key } = world.identity.server;
  assert.equal(
    (await failure(clientOf({ ...adminConnection, cert, key }).list({}, { retryForMs: 0 }))).status,
    "UNAVAILABLE",
  );

  const [host, port] = server.address.split(":");
  const bare = tlsConnect({
    host,
    port: Number(port),
    ca: adminConnection.ca,
    servername: "localhost",
    ALPNProtocols: ["h2"],
  });
  const [error] = (await once(bare, "error")) as [Error];
  assert.match(error.message, /certificate required|ECONNRESET/);
});

test("TLS below 1.3, and protocols other than h2, are refused", async (t) => {
  const { server, adminConnection } = await serve(t);
  const [host, port] = server.address.split(":");
  const base = { host, port: Number(port), servername: "localhost", ...adminConnection };
  const old = tlsConnect({ ...base, maxVersion: "TLSv1.2", ALPNProtocols: ["h2"] });
  const [error] = (await once(old, "error")) as [Error];
  assert.match(error.message, /protocol version|ECONNRESET/);
  const silent = tlsConnect(base);
  silent.on("error", () => undefined);
  await once(silent, "close");
});

test("each RPC is open to whom its row names, and closed to all others", async (t) => {
  const { admin, as, clientOf } = await serve(t);
  const tenant = clientOf(await as("one"));
  const request: object = { serviceId: "ghost", afterId: -1n };
  const codeOf = async (client: SoloClient, name: OperationName): Promise<string> => {
    try {
      if (name === "watch" || name === "watchEvents") {
        for await (const _ of client[name](request, { timeoutMs: 300 })) break;
      } else if (name !== "shutdown" || client !== admin) {
        await (client[name] as (request: object) => Promise<unknown>)({
          tenantId: name === "createTenant" ? "two" : "",
        });
      }
      return "";
    } catch (error) {
      return error instanceof SoloError ? error.code : String(error);
    }
  };
  for (const { name, who, implemented } of operations) {
    const [asAdmin, asTenant] = [await codeOf(admin, name), await codeOf(tenant, name)];
    if (who === "admin") assert.equal(asTenant, "NOT_ADMIN", name);
    else if (!implemented) assert.equal(asTenant, "UNIMPLEMENTED", name);
    else
      assert.ok(
        !["NOT_ADMIN", "CERTIFICATE_UNKNOWN", "UNIMPLEMENTED", "INTERNAL"].includes(asTenant),
        `${name}: ${asTenant}`,
      );
    if (!implemented) assert.equal(asAdmin, "UNIMPLEMENTED", name);
    else
      assert.ok(
        !["NOT_ADMIN", "CERTIFICATE_UNKNOWN", "UNIMPLEMENTED", "INTERNAL"].includes(asAdmin),
        `${name}: ${asAdmin}`,
      );
  }
});

test("a tenant's certificate ends with its tenant, on a connection that was open before", async (t) => {
  const { admin, as, clientOf } = await serve(t);
  const tenant = clientOf(await as("one"));
  assert.equal((await tenant.list()).services.length, 0);
  await admin.deleteTenant({ tenantId: "one" });
  const gone = await failure(tenant.list());
  assert.equal(gone.code, "CERTIFICATE_UNKNOWN");
  assert.equal(gone.status, "UNAUTHENTICATED");
});

test("a deleted tenant's certificate does not open another tenant that takes its name", async (t) => {
  const { admin, as, clientOf, world } = await serve(t);
  const earlier = clientOf(await as("one"));
  await earlier.list();
  await admin.deleteTenant({ tenantId: "one" });
  for await (const event of admin.watchEvents({})) if (event.eventType === "payload_erased") break;
  await admin.createTenant({ tenantId: "one" });
  assert.equal((await failure(earlier.list())).code, "CERTIFICATE_UNKNOWN");
  assert.equal((await clientOf(await as("one")).list()).services.length, 0);

  // The certificate of the first start is of the first default tenant alone.
  const files = world.identity.clients.find(({ role }) => role === "tenant")?.paths;
  assert.ok(files !== undefined);
  const home = clientOf({
    address: admin.address,
    ca: world.identity.server.ca,
    cert: readFileSync(files.cert, "utf8"),
    key: readFileSync(files.key, "utf8"),
  });
  assert.equal((await home.list()).services.length, 0);
  await admin.deleteTenant({ tenantId: "default" });
  const erased = { filter: { eventTypes: ["payload_erased"] } };
  let count = 0;
  for await (const _ of admin.watchEvents(erased)) if (++count === 2) break;
  await admin.createTenant({ tenantId: "default" });
  assert.equal((await failure(home.list())).code, "CERTIFICATE_UNKNOWN");
});

test("bytes that are no such request, and requests too large, are refused", async (t) => {
  const { adminConnection, admin } = await serve(t);
  const nonsense = await raw(adminConnection, "/solo.v1.SoloKernel/Status", Uint8Array.of(0xff, 0xff, 0xff));
  assert.ok(nonsense instanceof Error);
  assert.equal(nonsense.code, codes.INVALID_ARGUMENT);
  const huge = await raw(adminConnection, "/solo.v1.SoloKernel/Status", new Uint8Array(grpcLimits.requestBytesMax + 1));
  assert.ok(huge instanceof Error);
  assert.equal(huge.code, codes.RESOURCE_EXHAUSTED);
  const large = await failure(admin.deploy({ serviceId: "s", code: new Uint8Array(limits.sourceBytesMax + 1) }));
  assert.equal(large.code, "TOO_LARGE");
  const unknown = await raw(adminConnection, "/solo.v1.SoloKernel/Nothing", new Uint8Array());
  assert.ok(unknown instanceof Error);
  assert.equal(unknown.code, codes.UNIMPLEMENTED);
});

test("a tenant's half-sent requests wait their turn, and hold up nobody else", async (t) => {
  const { as, clientOf, admin } = await serve(t, { receivingPerPrincipalMax: 2 });
  const connection = await as("one");
  const session = http2.connect(`https://${connection.address}`, { ...connection, servername: "localhost" });
  session.on("error", () => undefined);
  t.after(() => session.destroy());
  await once(session, "connect");
  const begin = (): http2.ClientHttp2Stream => {
    const path = "/solo.v1.SoloKernel/List";
    const stream = session.request({
      ":method": "POST",
      ":path": path,
      "content-type": "application/grpc",
      te: "trailers",
    });
    stream.on("error", () => undefined).resume();
    // The frame of an empty message, less its last byte.
    stream.write(Uint8Array.of(0, 0, 0, 0));
    return stream;
  };
  const half = [begin(), begin()];
  // Both have been taken up once the server has answered what came after them on the connection.
  await promisify(session.ping.bind(session))();
  const behind = failure(clientOf(connection).list({}, { timeoutMs: 300 }));
  assert.equal((await behind).code, "TIMEOUT");
  assert.equal((await admin.listTenants()).tenants.length, 2);
  half[0]?.end(Uint8Array.of(0));
  assert.equal((await clientOf(connection).list()).services.length, 0);
  half[1]?.close();
  await Promise.all(Array.from({ length: 20 }, () => clientOf(connection).list()));
});

test("who connects and does not speak is dropped, before TLS and after it", async (t) => {
  const impatient = await serve(t, { handshakeMsMax: 100 });
  const [host = "", port] = impatient.server.address.split(":");
  const mute = tcp(Number(port), host);
  mute.on("error", () => undefined).resume();
  await once(mute, "close");
  const { server, adminConnection } = await serve(t, { keepaliveMs: 100, keepaliveMsMax: 100 });
  const shy = tlsConnect({
    host,
    port: Number(server.address.split(":")[1]),
    servername: "localhost",
    ...adminConnection,
    ALPNProtocols: ["h2"],
  });
  shy.on("error", () => undefined).resume();
  await once(shy, "secureConnect");
  await once(shy, "close");
});

test("a tenant has so many connections and no more; the administrator still gets in", async (t) => {
  const { server, as, clientOf, adminConnection } = await serve(t, { connectionsPerTenantMax: 2 });
  const connection = await as("one");
  const held = [await open(server, connection), await open(server, connection)];
  const third = await open(server, connection);
  await closed(third);
  assert.equal((await clientOf(adminConnection).listTenants()).tenants.length, 2);
  held.forEach((socket) => socket.destroy());
});

test("certificates of tenants that are no more have one share of the connections among them all", async (t) => {
  const { admin, server, as, clientOf } = await serve(t, { connectionsPerTenantMax: 2 });
  const old = [await as("one"), await as("two")];
  for (const tenantId of ["one", "two"]) await admin.deleteTenant({ tenantId });
  const current = await as("one");
  const held = await Promise.all(old.map((connection) => open(server, connection)));
  const further = await open(server, old[0] ?? current);
  await closed(further);
  // Neither they nor what the old tenant held stand in the way of the new one.
  assert.equal((await clientOf(current).list()).services.length, 0);
  held.forEach((socket) => socket.destroy());
});

/** A connection that the server has, or is about to close: it has spoken, or never will. */
async function open(server: { readonly address: string }, with_: Connection): Promise<TLSSocket> {
  const [host = "", port] = server.address.split(":");
  const socket = tlsConnect({ host, port: Number(port), servername: "localhost", ...with_, ALPNProtocols: ["h2"] });
  socket.on("error", () => undefined);
  await once(socket, "secureConnect");
  await new Promise<void>((resolve) => socket.once("data", () => resolve()).once("close", () => resolve()));
  return socket;
}

/** However it came about. */
async function closed(socket: TLSSocket): Promise<void> {
  if (!socket.closed) await new Promise<void>((resolve) => socket.once("close", () => resolve()));
}

test("a cancelled call is told to its handler, and a deadline ends it", async (t) => {
  const { admin, world } = await serve(t);
  const slow = `export default class { async init() { await new Promise(() => {}); } }`;
  const leaving = new AbortController();
  const deploying = failure(admin.deploy({ serviceId: "slow", code: bytes(slow) }, { signal: leaving.signal }));
  // Once it is requested, somebody waits for it.
  for await (const event of admin.watchEvents({ filter: { eventTypes: ["deployment_requested"] } })) {
    assert.equal(event.subject, "slow");
    break;
  }
  leaving.abort();
  assert.equal((await deploying).code, "CANCELLED");
  const late = await failure(
    admin.deploy({ serviceId: "slow2", code: bytes(slow) }, { timeoutMs: 200, retryForMs: 0 }),
  );
  assert.equal(late.code, "TIMEOUT");
  assert.equal(world.turns.state.tenants.size, 1);
});

test("reflection and health answer buf curl with a certificate, and nobody without one", async (t) => {
  const { server, world, adminConnection } = await serve(t);
  const files = world.identity.clients.find(({ role }) => role === "admin")?.paths;
  assert.ok(files !== undefined);
  const buf = join(root, "node_modules", ".bin", "buf");
  const url = `https://localhost:${server.address.split(":")[1]}`;
  const tls = ["--cacert", world.identity.caPath, "--cert", files.cert, "--key", files.key];
  const curl = async (...args: string[]): Promise<string> => {
    const { stdout } = await promisify(execFile)(buf, ["curl", "--protocol", "grpc", ...args], {
      env: { ...process.env, HOME: world.dir },
      timeout: 20_000,
    });
    return stdout;
  };
  const services = await curl(...tls, url, "--list-services");
  assert.deepEqual(services.trim().split("\n").toSorted(), ["grpc.health.v1.Health", "solo.v1.SoloKernel"]);
  const methods = (await curl(...tls, url, "--list-methods")).trim().split("\n");
  for (const { rpc } of operations) assert.ok(methods.includes(`solo.v1.SoloKernel/${rpc}`), rpc);
  const health = await curl(...tls, `${url}/grpc.health.v1.Health/Check`, "-d", '{"service":"solo.v1.SoloKernel"}');
  assert.deepEqual(JSON.parse(health), { status: "SERVING" });
  const tenants = await curl(...tls, `${url}/solo.v1.SoloKernel/ListTenants`, "-d", "{}");
  assert.equal((JSON.parse(tenants) as { tenants: { tenantId: string }[] }).tenants[0]?.tenantId, "default");
  await assert.rejects(curl("--cacert", world.identity.caPath, url, "--list-services"));
  assert.equal(adminConnection.address, server.address);
});

/** A stream of a path, with raw bytes; closed with the test. */
function rawStream(t: TestContext, connection: Connection, path: string): ClientDuplexStream<Buffer, Buffer> {
  const { ca, key, cert } = connection;
  const secure = credentials.createSsl(Buffer.from(ca), Buffer.from(key), Buffer.from(cert));
  const client = new Client(connection.address, secure, { "grpc.ssl_target_name_override": "localhost" });
  const same = (message: Buffer): Buffer => message;
  const stream = client.makeBidiStreamRequest(path, same, same, new Metadata(), {});
  // Its end is looked at where it matters.
  stream.on("error", () => undefined);
  t.after(() => {
    stream.cancel();
    client.close();
  });
  return stream;
}

const reflection = "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo";
/** ServerReflectionRequest{file_containing_symbol}: a few bytes, answered with the whole contract. */
const symbol = Buffer.from("solo.v1.SoloKernel");
const question = Buffer.concat([Buffer.from([0x22, symbol.length]), symbol]);

/** How it ended. */
const codeOf = (stream: ClientDuplexStream<Buffer, Buffer>): Promise<number> =>
  new Promise((resolve) => stream.once("status", ({ code }) => resolve(code)));

for (const [what, path, ask] of [
  ["reflection", reflection, question],
  ["watching health", "/grpc.health.v1.Health/Watch", Buffer.alloc(0)],
] as const) {
  test(`a principal has so many streams of ${what} and no more; they cost nobody else, nor its other requests`, async (t) => {
    const { as, clientOf } = await serve(t, { receivingPerPrincipalMax: 2 });
    const [one, other] = [await as("one"), await as("other")];
    const open = async (who: Connection): Promise<ClientDuplexStream<Buffer, Buffer>> => {
      const stream = rawStream(t, who, path);
      stream.write(ask);
      if (what === "watching health") stream.end();
      await once(stream, "data");
      return stream;
    };
    const held = [];
    for (let i = 0; i < limits.sideStreamsMax; i++) held.push(await open(one));
    const refused = rawStream(t, one, path);
    refused.write(ask);
    refused.end();
    assert.equal(await codeOf(refused.resume()), codes.RESOURCE_EXHAUSTED);
    assert.deepEqual((await clientOf(one).list({})).services, []);
    await open(other);
    held[0]?.cancel();
    // The server hears of it a moment later.
    for (;;) {
      const again = rawStream(t, one, path);
      again.write(ask);
      if (what === "watching health") again.end();
      const came = await new Promise((resolve) => {
        again.once("data", () => resolve(true));
        void codeOf(again).then(() => resolve(false));
      });
      if (came) break;
    }
  });
}

test("a reader of reflection that does not read is not answered on and on, and nobody is answered for ever", async (t) => {
  const { as } = await serve(t);
  const connection = await as("one");
  const stream = rawStream(t, connection, reflection);
  stream.write(question);
  await once(stream, "readable");
  const before = process.memoryUsage().arrayBuffers;
  for (let i = 1; i <= limits.reflectionQuestionsMax; i++) stream.write(question);
  // Each is a round trip behind the questions.
  for (let i = 0; i < 200; i++) await raw(connection, "/grpc.health.v1.Health/Check", new Uint8Array());
  const grown = process.memoryUsage().arrayBuffers - before;
  assert.ok(grown < 8 * 1024 * 1024, `${grown} bytes of answers wait`);
  let answers = 0;
  stream.on("data", () => answers++);
  assert.equal(await codeOf(stream), codes.RESOURCE_EXHAUSTED);
  assert.ok(answers <= limits.reflectionQuestionsMax);
});

test("health says NOT_SERVING while the node shuts down, to those who ask and those who watch", async (t) => {
  const { server, world, adminConnection } = await serve(t);
  const check = async (): Promise<Buffer> => {
    const answer = await raw(adminConnection, "/grpc.health.v1.Health/Check", new Uint8Array());
    assert.ok(!(answer instanceof Error));
    return answer;
  };
  assert.deepEqual([...(await check())], [8, 1]);
  world.node.readOnly = refuse("SHUTTING_DOWN");
  assert.deepEqual([...(await check())], [8, 2]);
  world.node.readOnly = refuse("SAFE_MODE", { why: "x" });
  assert.deepEqual([...(await check())], [8, 1]);
  server.refuseNew();
  assert.deepEqual([...(await check())], [8, 2]);
  const unknown = await raw(adminConnection, "/grpc.health.v1.Health/Check", Uint8Array.of(10, 1, 120));
  assert.ok(unknown instanceof Error);
  assert.equal(unknown.code, codes.NOT_FOUND);
});

test("closing lets calls under way finish, tells streams, and cuts off what stays", async (t) => {
  const { server, admin } = await serve(t);
  await admin.deploy({
    serviceId: "slow",
    code: bytes(`export default class { wait(ms) { return new Promise((go) => setTimeout(() => go(ms), ms)); } }`),
  });
  const watching = admin.watch({ serviceId: "slow" });
  await watching.next();
  // Someone who has not finished a handshake holds nothing up.
  const [host = "", port] = server.address.split(":");
  const mute = tcp(Number(port), host)
    .on("error", () => undefined)
    .resume();
  await once(mute, "connect");
  const call = admin.call({ serviceId: "slow", method: "wait", args: bytes("[200]") });
  const events = admin.watchEvents({});
  await events.next();
  const ended = failure(watching.next());
  const closing = server.close({ graceMs: 2_000 });
  assert.equal((await ended).code, "SHUTTING_DOWN");
  assert.equal(Buffer.from((await call).result).toString(), "200");
  await closing;
  assert.equal((await failure(admin.list({}, { retryForMs: 0 }))).code, "UNREACHABLE");
});

test("a client asks again while no kernel answers, but only what does nothing twice", async (t) => {
  const { adminConnection, clientOf } = await serve(t);
  // A server whose connections break on the first request, as those of a killed kernel do.
  const sockets: Socket[] = [];
  const breaking = createServer((socket) => {
    sockets.push(socket);
    if (sockets.length <= 2) return void socket.destroy();
    const [host = "", port] = adminConnection.address.split(":");
    const onward = tcp(Number(port), host);
    socket.pipe(onward).pipe(socket);
    socket.on("error", () => onward.destroy());
    onward.on("error", () => socket.destroy());
    sockets.push(onward);
  }).listen(0, "127.0.0.1");
  await once(breaking, "listening");
  t.after(() => {
    sockets.forEach((socket) => socket.destroy());
    breaking.close();
  });
  const address = `127.0.0.1:${(breaking.address() as AddressInfo).port}`;
  const client = clientOf({ ...adminConnection, address });
  assert.equal((await failure(client.cast({ serviceId: "x", method: "y" }))).code, "UNREACHABLE");
  assert.equal((await client.listTenants()).tenants.length, 1);
});

/** More than an int32 holds. */
const unencodable = 2 ** 40;

/** What an asker is told of a bug stands in the kernel's log, under that name. */
function checkIncident(failed: SoloError, incidents: Parameters<Report>[0][], operation: string): void {
  assert.equal(failed.code, "INTERNAL");
  const [incident, ...more] = incidents.splice(0);
  assert.ok(incident !== undefined && more.length === 0, `${operation}: ${more.length} more`);
  assert.equal(failed.message, `Solo met a bug: incident ${incident.name} in the kernel's log`);
  assert.equal(incident.operation, operation);
  assert.match((incident.error as Error).message, new RegExp(`invalid int32: ${unencodable}`));
}

test("an answer that cannot be encoded is an incident: its client gets the name, the log the reason", async (t) => {
  const incidents: Parameters<Report>[0][] = [];
  const usage: Ports["usage"] = async (_, living = []) =>
    new Map(living.map((one) => [one, { memoryBytes: 1, mailboxLength: unencodable, cpuMicros: 1 }]));
  const { admin } = await serve(
    t,
    {},
    { ports: (ports) => ({ ...ports, usage }), report: (incident) => incidents.push(incident) },
  );
  await admin.deploy({ serviceId: "counter", code: bytes(counter) });
  checkIncident(await failure(admin.status({ serviceId: "counter" })), incidents, "Status");
  const watching = admin.watch({ serviceId: "counter", includeMetrics: true });
  checkIncident(await failure(Array.fromAsync(watching)), incidents, "Watch");
});

test("a failure that cannot be encoded is an incident as well", async (t) => {
  const incidents: Parameters<Report>[0][] = [];
  const unsayable: Failure = withEvidence(refuse("LOG_UNAVAILABLE", { why: "it is a test" }), {
    diagnostics: [create(DiagnosticSchema, { line: unencodable })],
  });
  const { admin, world } = await serve(
    t,
    {},
    {
      ports: (ports) => ({ ...ports, events: { ...ports.events, query: async () => unsayable } }),
      report: (incident) => incidents.push(incident),
    },
  );
  world.builder.refuses = unsayable;
  checkIncident(await failure(admin.validate({ code: bytes(counter) })), incidents, "Validate");
  checkIncident(await failure(Array.fromAsync(admin.watchEvents({ afterId: 0n }))), incidents, "WatchEvents");
});

test("listening on a port that is taken is refused", async (t) => {
  const { server, world } = await serve(t);
  const [host = "", port] = server.address.split(":");
  const second = await startGrpc({
    listen: { host, port: Number(port) },
    identity: world.identity,
    ports: world.ports,
  });
  assert.ok(isRefusal(second));
  assert.equal(second.refused, "PORT_IN_USE");
});

test("a slow reader holds its stream back, not the kernel's memory", async (t) => {
  const { admin } = await serve(t);
  await admin.deploy({ serviceId: "counter", code: bytes(counter) });
  // Written faster than anyone reads: nothing is lost from the event stream, since it reads the log only as it is read.
  const events = admin.watchEvents({});
  for (let i = 0; i < 50; i++) await admin.createTenant({ tenantId: `t${i}` });
  let count = 0;
  for await (const event of events) if (event.eventType === "tenant_created" && ++count === 51) break;
  assert.equal(count, 51);
});

test("every request message can be made, and each operation is in the contract once", () => {
  for (const { input, path } of operations) assert.ok(create(input) !== undefined, path);
  assert.equal(new Set(operations.map(({ path }) => path)).size, operations.length);
});
