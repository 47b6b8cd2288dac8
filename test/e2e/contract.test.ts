/** Every operation of the public contract, asked for by a real grpc-js client of a real Solo. */
import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { after, before, test } from "node:test";
import { fromBinary, type MessageInitShape } from "@bufbuild/protobuf";
import { credentials, Client, status as codes, type ServiceError } from "@grpc/grpc-js";
import {
  type LogLevel_Value,
  operations,
  readStatus,
  type DeployRequestSchema,
  ServiceTier,
  SoloKernel,
  Status_Value,
  statusWord,
  type OperationName,
} from "../../src/api/index.ts";
import type { SoloClient } from "../../src/client/index.ts";
import { eventsOf, isRunning, refusalOf, service, untilStatus } from "./asking.ts";
import { call, example, Solo, until } from "./solo.ts";

let solo: Solo;
let admin: SoloClient;
let tenant: SoloClient;

before(async () => {
  solo = await Solo.start();
  admin = await solo.client("admin");
  tenant = await solo.client("default");
  await tenant.deploy({ serviceId: "counter", code: await example("counter") });
});
after(() => solo[Symbol.asyncDispose]());

test("Deploy answers RUNNING, with the service's pid and its release", async () => {
  const deployed = await tenant.deploy({
    serviceId: "three",
    code: await example("counter"),
    instances: 3,
    environment: { GREETING: "hello" },
  });
  assert.equal(deployed.status, Status_Value.RUNNING);
  assert.match(deployed.pid, /^<0\.1\.\d+>$/);
  assert.equal(deployed.pids.length, 3);
  assert.match(deployed.release, /^[0-9a-f]{64}$/);
});

test("the same source, limits and settings give the same release, whatever the service is called", async () => {
  const code = await example("counter");
  const [one, other] = [
    await tenant.deploy({ serviceId: "same-1", code }),
    await tenant.deploy({ serviceId: "same-2", code }),
  ];
  const bigger = await tenant.deploy({ serviceId: "same-3", code, resourceLimits: { messageQueueLimit: 9 } });
  assert.notEqual(one.pid, other.pid);
  assert.notEqual(one.release, bigger.release);
});

test("a service that runs is not deployed over", async () => {
  const refused = await refusalOf(tenant.deploy({ serviceId: "counter", code: await example("counter") }));
  assert.equal(refused.code, "SERVICE_EXISTS");
  assert.equal(refused.status, "ALREADY_EXISTS");
});

test("Deploy with the same request_id answers as the first did, and starts nothing", async () => {
  const request = { serviceId: "once", code: await example("counter"), requestId: "once-and-only" };
  const first = await tenant.deploy(request);
  assert.deepEqual(await tenant.deploy(request), first);
  const other = await refusalOf(tenant.deploy({ ...request, serviceId: "another" }));
  assert.equal(other.code, "REQUEST_ID_REUSED");
  const births = (await eventsOf(tenant, ["deployment_requested"])).filter(({ subject }) => subject === "once");
  assert.equal(births.length, 1);
});

test("Call answers with the method's result, and one message is handled after the other", async () => {
  assert.equal(await call(tenant, "counter", "add", [2]), 2);
  const sums = await Promise.all(Array.from({ length: 50 }, () => call(tenant, "counter", "add", [1])));
  assert.deepEqual(
    sums,
    Array.from({ length: 50 }, (_, i) => i + 3),
  );
  assert.equal(await call(tenant, "counter", "reset"), undefined, "a method without a result has an empty one");
});

test("Call says why it has no result, and whether the method ran", async () => {
  const cases = [
    ["counter", "add", ['"nine"'], "CALL_FAILED", "ABORTED", "executed"],
    ["counter", "nothing", [], "METHOD_NOT_FOUND", "NOT_FOUND", "not_executed"],
    ["counter", "init", [], "METHOD_NOT_FOUND", "NOT_FOUND", "not_executed"],
    ["nobody", "add", [], "SERVICE_NOT_FOUND", "NOT_FOUND", "not_executed"],
  ] as const;
  for (const [serviceId, method, args, code, status, executed] of cases) {
    const refused = await refusalOf(call(tenant, serviceId, method, args));
    assert.deepEqual([refused.code, refused.status, refused.executed], [code, status, executed], method);
    assert.notEqual(refused.remedy, "");
  }
  assert.ok(isRunning(await tenant.status({ serviceId: "counter" })), "a Refusal is an answer, not an end");
});

test("Call gives up after its timeout, and says that the outcome is unknown", async () => {
  await tenant.deploy({
    serviceId: "sleeper",
    code: service(`sleep(ms: number) { return new Promise((done) => setTimeout(() => done("awake"), ms)); }`),
  });
  const refused = await refusalOf(call(tenant, "sleeper", "sleep", [60_000], { timeoutMs: 1_000 }));
  assert.deepEqual([refused.code, refused.status, refused.executed], ["CALL_TIMEOUT", "DEADLINE_EXCEEDED", "unknown"]);
  await tenant.kill({ serviceId: "sleeper", force: true });
});

test("Cast is answered at once, and the method runs", async () => {
  await tenant.cast({ serviceId: "counter", method: "add", args: Buffer.from("[7]") });
  assert.equal(await call(tenant, "counter", "get"), 7, "in order: a cast before a call is handled before it");
});

test("services find each other by name, and call and cast", async () => {
  for (const name of ["pipeline-sink", "pipeline-transform", "pipeline-source"]) {
    await tenant.deploy({ serviceId: name, code: await example(name) });
  }
  assert.deepEqual(await call(tenant, "pipeline-source", "read", ["to be or not\nto be"]), { lines: 2, words: 6 });
  assert.deepEqual(await call(tenant, "pipeline-sink", "top", [2]), [
    ["to", 2],
    ["be", 2],
  ]);
});

test("Status tells state, use of resources, limits and whether there is a sandbox", async () => {
  await call(tenant, "counter", "get");
  // A cell that is busy may not say in time.
  const status = await untilStatus(
    tenant,
    "counter",
    "tells what it uses",
    ({ currentUsage }) => (currentUsage?.memoryBytes ?? 0n) > 0n,
  );
  assert.equal(status.status, Status_Value.RUNNING);
  assert.equal(status.reason, "");
  assert.ok((status.currentUsage?.reductions ?? 0n) > 0n, "CPU time is metered");
  assert.equal(status.restartCount, 0);
  assert.equal(status.resourceLimits?.messageQueueLimit, 10_000);
  assert.equal(status.resourceLimits?.startupTimeoutMs, 5_000);
  assert.match(status.sandbox, /^cells run (in a sandbox: \w|WITHOUT an OS sandbox)/);
  assert.deepEqual(
    status.instances.map(({ instance, phase }) => [instance, phase]),
    [[1, "running"]],
  );
});

test("List shows a tenant its services in the order of their deployment; an administrator sees all", async () => {
  const { services } = await tenant.list({});
  const names = services.map(({ serviceId }) => serviceId);
  assert.equal(names[0], "counter");
  assert.ok(names.indexOf("pipeline-sink") < names.indexOf("pipeline-source"));
  assert.ok(services.every(({ tenantId }) => tenantId === "default"));
  assert.deepEqual((await tenant.list({ filterTier: ServiceTier.SYSTEM })).services, []);
  const other = await solo.tenant("lister");
  await other.deploy({ serviceId: "its-own", code: await example("counter") });
  const all = (await admin.list({})).services.map(({ tenantId, serviceId }) => `${tenantId}/${serviceId}`);
  assert.ok(all.includes("lister/its-own") && all.includes("default/counter"));
  assert.deepEqual(
    (await admin.list({ tenantId: "lister" })).services.map(({ serviceId }) => serviceId),
    ["its-own"],
  );
});

test("Validate says what Deploy would say of a source, without deploying it", async () => {
  assert.deepEqual(await tenant.validate({ code: await example("counter") }).then(({ valid }) => valid), true);
  const broken = Buffer.from(
    "import { Service } from 'solo:service';\nexport default class A extends Service {\n  x( {\n}\n",
  );
  const { valid, diagnostics } = await tenant.validate({ code: broken, fileName: "a.ts" });
  assert.equal(valid, false);
  const [first] = diagnostics;
  assert.ok(first !== undefined);
  assert.equal(first.file, "a.ts");
  assert.ok(first.line >= 3 && first.column >= 1);
  assert.match(first.excerpt, /\^/);
  const refused = await refusalOf(tenant.deploy({ serviceId: "broken", code: broken }));
  assert.deepEqual([refused.code, refused.status], ["SYNTAX_ERROR", "INVALID_ARGUMENT"]);
  assert.match(refused.message, /broken\.ts:\d+:\d+/);
  assert.equal(refused.diagnostics[0]?.line, first.line);
  assert.equal((await refusalOf(tenant.status({ serviceId: "broken" }))).code, "SERVICE_NOT_FOUND");
});

test("Watch streams where the service stands, its kept and new log lines, and its end", async () => {
  await tenant.deploy({
    serviceId: "chatty",
    code: await example("chatty"),
    environment: { EVERY_MS: "10", NAME: "Ada" },
  });
  const seen: string[] = [];
  let killing: Promise<unknown> | undefined;
  for await (const { event } of tenant.watch({ serviceId: "chatty", includeLogs: true, tailLines: 100 })) {
    if (event.case === "statusChange") seen.push(statusWord(event.value.newStatus));
    if (event.case === "log") seen.push(`${event.value.level} ${event.value.message}`);
    if (seen.length > 4) killing ??= tenant.kill({ serviceId: "chatty" });
    if (event.case === "statusChange" && event.value.newStatus === Status_Value.STOPPED) break;
  }
  await killing;
  assert.equal(seen[0], "RUNNING");
  assert.ok(seen.includes("INFO Ada speaks every 10 ms"), "the tail goes back to the first line");
  assert.ok(seen.some((line) => line.startsWith("WARN ")));
  assert.ok(seen.includes("STOPPING"));
  assert.ok(!seen.some((line) => line.startsWith("DEBUG")), "what the service's own level leaves out was never kept");
});

test("Kill ends a service with terminate, and it stays visible as STOPPED with its reason", async () => {
  await tenant.deploy({ serviceId: "doomed", code: await example("chatty") });
  const killed = await tenant.kill({ serviceId: "doomed", requestId: "kill-doomed" });
  assert.equal(killed.finalStatus, Status_Value.STOPPED);
  assert.equal(killed.reason, "killed by tenant default");
  assert.deepEqual(await tenant.kill({ serviceId: "doomed", requestId: "kill-doomed" }), killed);
  const status = await tenant.status({ serviceId: "doomed" });
  assert.deepEqual([status.status, status.reason], [Status_Value.STOPPED, "killed by tenant default"]);
  const refused = await refusalOf(call(tenant, "doomed", "ticks"));
  assert.equal(refused.code, "SERVICE_NOT_RUNNING");
  assert.match(refused.message, /killed by tenant default/);
  const lines: string[] = [];
  for await (const { event } of tenant.watch({ serviceId: "doomed", includeLogs: true, tailLines: 5 })) {
    if (event.case === "log") lines.push(event.value.message);
    if (lines.some((line) => line.startsWith("goodbye"))) break;
  }
  const again = await tenant.deploy({ serviceId: "doomed", code: await example("counter") });
  assert.equal(again.status, Status_Value.RUNNING, "its name can be used again");
});

test("Kill of a stopped service answers how it ended; with the same request_id after its next deployment it does so again, and ends nothing", async () => {
  const serviceId = "stopped-twice";
  const code = await example("counter");
  await tenant.deploy({ serviceId, code });
  await tenant.kill({ serviceId });
  const again = await tenant.kill({ serviceId, requestId: "kill-again" });
  assert.deepEqual([again.finalStatus, again.reason], [Status_Value.STOPPED, "killed by tenant default"]);
  const { pid } = await tenant.deploy({ serviceId, code });
  assert.deepEqual(await tenant.kill({ serviceId, requestId: "kill-again" }), again);
  await solo.killKernel();
  assert.deepEqual(await tenant.kill({ serviceId, requestId: "kill-again" }), again, "the next kernel knows it too");
  const status = await tenant.status({ serviceId });
  assert.deepEqual([status.status, status.pid], [Status_Value.RUNNING, pid]);
  assert.equal(await call(tenant, serviceId, "add", [1]), 1);
  const noted = (await eventsOf(tenant, ["service_kill_noted"])).filter(({ subject }) => subject === serviceId);
  assert.equal(noted.length, 1);
});

test("CreateTenant, IssueCertificate, ListTenants and DeleteTenant make a tenant, let it in, and end it", async () => {
  const made = await admin.createTenant({ tenantId: "brief", requestId: "make-brief" });
  assert.deepEqual(await admin.createTenant({ tenantId: "brief", requestId: "make-brief" }), made);
  assert.equal((await refusalOf(admin.createTenant({ tenantId: "brief" }))).code, "TENANT_EXISTS");
  const issued = await admin.issueCertificate({ tenantId: "brief", days: 2, requestId: "cert-brief" });
  assert.match(new X509Certificate(issued.certificatePem).subject, /CN=brief\nOU=tenant/);
  assert.equal(
    (await refusalOf(admin.issueCertificate({ tenantId: "brief", days: 2, requestId: "cert-brief" }))).code,
    "CERTIFICATE_ISSUED",
    "its key is shown once",
  );
  const brief = solo.connectWith({
    address: solo.address,
    ca: issued.caPem,
    cert: issued.certificatePem,
    key: issued.privateKeyPem,
  });
  await brief.deploy({ serviceId: "counter", code: await example("counter") });
  const listed = (await admin.listTenants({})).tenants.find(({ tenantId }) => tenantId === "brief");
  assert.deepEqual([listed?.services, listed?.phase], [1, "active"]);
  await admin.deleteTenant({ tenantId: "brief", requestId: "delete-brief" });
  await until(
    "its end",
    async () => !(await admin.listTenants({})).tenants.some(({ tenantId }) => tenantId === "brief"),
  );
  assert.equal((await refusalOf(brief.list({}))).code, "CERTIFICATE_UNKNOWN");
  await until("its erasure", async () => (await eventsOf(admin, ["payload_erased"])).length > 0);
  const verified = await admin.verifyLog({});
  assert.equal(verified.valid, true);
  assert.ok(verified.erased > 0n, "its payloads are gone, and the chain holds");
});

test("DeleteTenant with the same request_id answers as the first did", async () => {
  await admin.createTenant({ tenantId: "gone" });
  const gone = await admin.deleteTenant({ tenantId: "gone", requestId: "delete-gone" });
  await until("its erasure", async () =>
    (await eventsOf(admin, ["payload_erased"])).some(({ subject }) => subject === "gone"),
  );
  assert.deepEqual(await admin.deleteTenant({ tenantId: "gone", requestId: "delete-gone" }), gone);
});

test("what the contract has and this version has not answers UNIMPLEMENTED", async () => {
  const missing = operations.filter(({ implemented }) => !implemented);
  assert.deepEqual(missing.map(({ rpc }) => rpc).toSorted(), [
    "AttenuateCapability",
    "DiscoverServices",
    "GrantCapability",
    "HotSwap",
    "ListSecrets",
    "RegisterService",
    "RetrieveSecret",
    "RevokeCapability",
    "RevokeSecret",
    "Rollback",
    "StoreSecret",
    "Update",
    "VerifyCapability",
  ]);
  const ask = admin as unknown as Readonly<Record<OperationName, (request: object) => Promise<unknown>>>;
  for (const { name, rpc } of missing) {
    const refused = await refusalOf(ask[name]({}));
    assert.deepEqual([refused.code, refused.status], ["UNIMPLEMENTED", "UNIMPLEMENTED"], rpc);
    assert.match(refused.message, new RegExp(rpc));
  }
});

test("what a Deploy asks for and this version cannot do is refused by name, never ignored", async () => {
  const code = await example("counter");
  const asked: MessageInitShape<typeof DeployRequestSchema>[] = [
    { enablePersistence: true },
    { initialCapabilities: [{ serviceName: "filesystem" }] },
    { format: 1 },
    { format: 2 },
  ];
  for (const more of asked) {
    const refused = await refusalOf(tenant.deploy({ serviceId: "asks-more", code, ...more }));
    assert.equal(refused.status, "UNIMPLEMENTED", JSON.stringify(more));
  }
});

test("an error carries google.rpc details that any client can read: a stable reason, a remedy, the field", async () => {
  const { ca, cert, key } = solo.connection("default");
  const raw = new Client(
    solo.address,
    credentials.createSsl(Buffer.from(ca), Buffer.from(key), Buffer.from(cert), {
      checkServerIdentity: () => undefined,
    }),
    { "grpc.ssl_target_name_override": "localhost" },
  );
  try {
    const error = await new Promise<ServiceError>((resolve, reject) => {
      raw.makeUnaryRequest<Buffer, unknown>(
        `/${SoloKernel.typeName}/Deploy`,
        (bytes) => bytes,
        (bytes) => fromBinary(SoloKernel.method.deploy.output, bytes),
        Buffer.from([]),
        (refused) => (refused === null ? reject(new Error("it was answered")) : resolve(refused)),
      );
    });
    assert.equal(error.code, codes.INVALID_ARGUMENT);
    const [details] = error.metadata.get("grpc-status-details-bin");
    assert.ok(details instanceof Uint8Array);
    const { code, fields, remedy } = readStatus(details);
    assert.equal(code, "INVALID_ARGUMENT");
    assert.deepEqual(
      fields.map(({ field }) => field),
      ["service_id"],
    );
    assert.notEqual(remedy, "");
  } finally {
    raw.close();
  }
});

test("a request that is no message of the contract is refused, and the connection lives on", async () => {
  const refused = await refusalOf(tenant.status({ serviceId: "not a name!" }));
  assert.deepEqual([refused.code, refused.fields[0]?.field], ["INVALID_ARGUMENT", "service_id"]);
  const level = await refusalOf(
    tenant.deploy({ serviceId: "a", code: Buffer.from("x"), logLevel: 17 as LogLevel_Value }),
  );
  assert.equal(level.fields[0]?.field, "log_level");
  await untilStatus(tenant, "counter", "still runs", isRunning);
});
