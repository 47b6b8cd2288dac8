/** Who may ask what: certificates, administrators and tenants, and what a tenant can learn of another (nothing). */
import assert from "node:assert/strict";
import process from "node:process";
import { after, before, test } from "node:test";
import { Client, credentials, status as codes, type ServiceError } from "@grpc/grpc-js";
import { operations, SoloKernel, type OperationName } from "../../src/api/index.ts";
import { connect, type SoloClient } from "../../src/client/index.ts";
import { eventsOf, isGapFree, isRunning, refusalOf, service } from "./asking.ts";
import { call, example, Solo, until } from "./solo.ts";

let solo: Solo;
let admin: SoloClient;
let a: SoloClient;
let b: SoloClient;

before(async () => {
  solo = await Solo.start();
  admin = await solo.client("admin");
  a = await solo.tenant("a");
  b = await solo.tenant("b");
});
after(() => solo[Symbol.asyncDispose]());

/** What a connection with these credentials gets for a List. */
async function ask(channel: ReturnType<typeof credentials.createSsl>): Promise<number> {
  const client = new Client(solo.address, channel, { "grpc.ssl_target_name_override": "localhost" });
  try {
    return await new Promise((resolve) => {
      client.makeUnaryRequest<Buffer, Buffer>(
        `/${SoloKernel.typeName}/List`,
        (bytes) => bytes,
        (bytes) => bytes,
        Buffer.alloc(0),
        { deadline: Date.now() + 10_000 } as never,
        (error: ServiceError | null) => resolve(error === null ? codes.OK : error.code),
      );
    });
  } finally {
    client.close();
  }
}

const noCheck = { checkServerIdentity: () => undefined };

test("a client without a certificate is not let in", async () => {
  const { ca } = solo.connection("default");
  assert.equal(await ask(credentials.createSsl(Buffer.from(ca), null, null, noCheck)), codes.UNAVAILABLE);
  assert.equal(await ask(credentials.createInsecure() as never), codes.UNAVAILABLE, "nor is one without TLS");
});

test("a certificate of another authority is not let in, even if it says the same", async () => {
  await using foreign = await Solo.start();
  const { ca } = solo.connection("admin");
  for (const as of ["admin", "default"] as const) {
    const { cert, key } = foreign.connection(as);
    assert.equal(
      await ask(credentials.createSsl(Buffer.from(ca), Buffer.from(key), Buffer.from(cert), noCheck)),
      codes.UNAVAILABLE,
    );
    const theirs = connect({ ...foreign.connection(as), address: solo.address });
    try {
      const refused = await refusalOf(theirs.list({}, { retryForMs: 0 }));
      assert.equal(refused.code, "UNREACHABLE", "and to such a client our server is the foreign one");
    } finally {
      theirs.close();
    }
  }
});

test("a deleted tenant's certificate opens nothing", async () => {
  const gone = await solo.tenant("gone");
  const requestId = "same-name";
  await gone.deploy({ serviceId: "counter", code: await example("counter"), requestId });
  await admin.deleteTenant({ tenantId: "gone" });
  await until(
    "its end",
    async () => !(await admin.listTenants({})).tenants.some(({ tenantId }) => tenantId === "gone"),
  );
  for (const asked of [
    () => gone.list({}),
    () => gone.status({ serviceId: "counter" }),
    () => call(gone, "counter", "get"),
  ]) {
    const refused = await refusalOf(asked());
    assert.deepEqual([refused.code, refused.status], ["CERTIFICATE_UNKNOWN", "UNAUTHENTICATED"]);
  }
  const streamed = await refusalOf(
    (async () => {
      for await (const _ of gone.watchEvents({})) assert.fail("it is told nothing");
    })(),
  );
  assert.equal(streamed.code, "CERTIFICATE_UNKNOWN");
});

test("a deleted tenant's certificate does not open the tenant that takes its name", async () => {
  const earlier = await solo.tenant("phoenix");
  await admin.deleteTenant({ tenantId: "phoenix" });
  await until("the name to be free", () =>
    admin.createTenant({ tenantId: "phoenix" }).then(
      () => true,
      () => false,
    ),
  );
  const refused = await refusalOf(earlier.list({}));
  assert.equal(refused.code, "CERTIFICATE_UNKNOWN");
  const later = solo.connectWith(await solo.certificate("phoenix"));
  assert.deepEqual((await later.list({})).services, []);
});

test("what is for administrators is refused to tenants by name, whatever they ask", async () => {
  const adminOnly = operations.filter(({ who }) => who === "admin");
  assert.deepEqual(adminOnly.map(({ name }) => name).toSorted(), [
    "audit",
    "createTenant",
    "deleteTenant",
    "issueCertificate",
    "listTenants",
    "shutdown",
    "verifyLog",
  ]);
  const asked = a as unknown as Readonly<Record<OperationName, (request: object) => Promise<unknown>>>;
  for (const { name, rpc } of adminOnly) {
    const refused = await refusalOf(asked[name]({ tenantId: "a" }));
    assert.deepEqual([refused.code, refused.status], ["NOT_ADMIN", "PERMISSION_DENIED"], rpc);
    assert.match(refused.message, new RegExp(rpc));
  }
  const tier = await refusalOf(a.deploy({ serviceId: "system", code: await example("counter"), tier: 1 }));
  assert.equal(tier.code, "NOT_ADMIN", "a SYSTEM service is an administrator's");
});

/** Everything that a refusal tells, to the last byte of its details. */
async function allOf(answer: Promise<unknown>): Promise<unknown> {
  const refused = await refusalOf(answer);
  const { cause } = refused as { readonly cause?: ServiceError };
  assert.ok(cause !== undefined);
  // The time of the answer tells nothing of what was asked.
  cause.metadata.remove("date");
  return { code: cause.code, message: cause.details, metadata: cause.metadata.toJSON(), said: JSON.stringify(refused) };
}

const first = async (stream: AsyncIterable<unknown>): Promise<unknown> => {
  for await (const item of stream) return item;
  return undefined;
};

test("another tenant's service cannot be told from one that is missing, by any operation that names it", async () => {
  const code = await example("counter");
  await b.deploy({
    serviceId: "prober",
    code: service(`
      async probe(name: string) {
        try { return await (await this.lookup(name)).call.get(); }
        catch (error) { return [error.name, error.code, error.message, error.executed]; }
      }`),
  });
  const probes = async (serviceId: string): Promise<unknown> => ({
    status: await allOf(b.status({ serviceId })),
    kill: await allOf(b.kill({ serviceId, requestId: "probe" })),
    forced: await allOf(b.kill({ serviceId, force: true })),
    call: await allOf(b.call({ serviceId, method: "get" })),
    noMethod: await allOf(b.call({ serviceId, method: "nothing" })),
    cast: await allOf(b.cast({ serviceId, method: "get" })),
    watch: await allOf(first(b.watch({ serviceId, includeLogs: true, tailLines: 5 }))),
    guest: await call(b, "prober", "probe", [serviceId]),
    events: (await b.queryEvents({ filter: { subject: serviceId } })).events.length,
    named: await allOf(b.status({ serviceId, tenantId: "a" })),
    listed: (await b.list({})).services.some((seen) => seen.serviceId === serviceId),
  });
  const missing = await probes("secret");
  await a.deploy({ serviceId: "secret", code, requestId: "make-secret" });
  const running = await probes("secret");
  await a.kill({ serviceId: "secret" });
  const stopped = await probes("secret");
  assert.deepEqual(running, missing);
  assert.deepEqual(stopped, missing);
});

test("a tenant that exists cannot be told from one that does not", async () => {
  const probes = async (tenantId: string): Promise<string> => {
    const answers = [
      await allOf(b.status({ serviceId: "x", tenantId })),
      await allOf(b.list({ tenantId })),
      await allOf(b.call({ serviceId: "x", method: "y", tenantId })),
      await allOf(b.queryEvents({ filter: { tenantId } })),
      await allOf(b.replayState({ tenantId })),
      await allOf(first(b.watchEvents({ filter: { tenantId } }))),
      await allOf(b.deploy({ serviceId: "x", code: Buffer.from("x"), tenantId })),
    ];
    return JSON.stringify(answers).replaceAll(JSON.stringify(tenantId).slice(1, -1), "NAME");
  };
  // Of one length, so that the encoded details have the same bytes around the name.
  const strip = (text: string): string => text.replaceAll(/"grpc-status-details-bin":\[[^\]]*\]/g, "");
  await solo.tenant("there-it-is");
  assert.equal(strip(await probes("there-it-is")), strip(await probes("nowhere-yet")));
});

test("names and request ids of one tenant mean nothing to another", async () => {
  const code = await example("counter");
  await a.deploy({ serviceId: "shared-name", code, requestId: "shared-id" });
  await b.deploy({ serviceId: "shared-name", code, requestId: "shared-id" });
  assert.equal(await call(a, "shared-name", "add", [1]), 1);
  assert.equal(await call(b, "shared-name", "get"), 0);
  await b.kill({ serviceId: "shared-name" });
  assert.ok(isRunning(await a.status({ serviceId: "shared-name" })));
});

test("a tenant's view of the log tells nothing of others: its own events, its own numbers, no cells", async () => {
  const before = await eventsOf(b);
  await a.deploy({ serviceId: "unseen", code: await example("counter") });
  const after = await eventsOf(b);
  assert.deepEqual(after, before);
  assert.ok(isGapFree(after));
  assert.ok(after.every(({ tenantId }) => tenantId === "b"));
  const text = JSON.stringify(after.map(({ payload }) => payload)) + JSON.stringify((await b.replayState({})).state);
  assert.ok(!text.includes("unseen") && !text.includes('"cell"'));
});

test("a tenant whose cell is lost learns that, and not the cell's number", async () => {
  await b.deploy({ serviceId: "victim", code: await example("counter") });
  const [deployed] = (await eventsOf(admin, ["service_deployed"])).filter(({ subject }) => subject === "victim");
  const cell = Number(deployed?.payload?.["cell"]);
  process.kill(solo.cellPid(cell), "SIGKILL");
  const lostOf = async (client: SoloClient) =>
    (await eventsOf(client, ["cell_lost"])).filter((e) => e.tenantId === "b");
  await until("its loss", async () => (await lostOf(admin)).length > 0);
  assert.deepEqual(
    (await lostOf(admin)).map(({ subject }) => subject),
    [`cell ${cell}`],
  );
  const [seen] = await lostOf(b);
  assert.equal(seen?.subject, "cell");
  assert.equal(seen.payload?.["cell"], undefined);
});

test("an administrator may act for a tenant that it names", async () => {
  const deployed = await admin.deploy({ tenantId: "a", serviceId: "by-admin", code: await example("counter") });
  assert.equal((await a.status({ serviceId: "by-admin" })).pid, deployed.pid);
  assert.equal(await call(admin, "by-admin", "add", [2], { tenantId: "a" }), 2);
  const killed = await admin.kill({ tenantId: "a", serviceId: "by-admin" });
  assert.equal(killed.reason, "killed by admin");
  assert.equal((await refusalOf(admin.list({ tenantId: "nowhere" }))).code, "TENANT_NOT_FOUND");
});
