/** A client that knows nothing of Solo but its address and certificates: buf curl, which learns the rest by reflection. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createRequire } from "node:module";
import { join } from "node:path";
import process from "node:process";
import { after, before, test } from "node:test";
import { operations } from "../../src/api/index.ts";
import { example, Solo } from "../e2e/solo.ts";

/** The program itself: its launcher would outlive a kill. */
const buf = createRequire(import.meta.url).resolve(`@bufbuild/buf-${process.platform}-${process.arch}/bin/buf`);

let solo: Solo;

before(async () => {
  solo = await Solo.start();
});
after(() => solo[Symbol.asyncDispose]());

interface Ran {
  readonly code: number | null;
  /** One for each message that came, parsed. */
  readonly messages: readonly Readonly<Record<string, unknown>>[];
  readonly stdout: string;
  readonly stderr: string;
}

interface Options {
  readonly as?: "admin" | "tenant-default" | "nobody";
  /** Ends a stream after so many messages. */
  readonly enough?: number;
}

async function run(args: readonly string[], { as = "tenant-default", enough }: Options = {}): Promise<Ran> {
  const identity =
    as === "nobody" ? [] : ["--cert", join(solo.certs, `${as}.pem`), "--key", join(solo.certs, `${as}.key`)];
  const child = spawn(
    buf,
    ["curl", "--protocol", "grpc", "--cacert", join(solo.certs, "ca.pem"), ...identity, ...args],
    {
      stdio: ["ignore", "pipe", "pipe"],
    },
  );
  const late = setTimeout(() => child.kill("SIGKILL"), 30_000);
  let stdout = "";
  let stderr = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    stdout += text;
    if (enough !== undefined && messagesIn(stdout).length >= enough) child.kill("SIGKILL");
  });
  const [code] = (await once(child, "close")) as [number | null];
  clearTimeout(late);
  return { code, stdout, stderr, messages: messagesIn(stdout) };
}

/** buf prints each message as indented JSON: one ends where a line begins with its closing brace. */
const messagesIn = (text: string): Readonly<Record<string, unknown>>[] =>
  (text.match(/^\{(?:\}|[^]*?^\})$/gm) ?? []).map(
    (message) => JSON.parse(message) as Readonly<Record<string, unknown>>,
  );

const url = (path = ""): string => `https://${solo.address}${path}`;

async function ask(rpc: string, request: object, options: Options = {}): Promise<Readonly<Record<string, unknown>>> {
  const ran = await run([url(`/solo.v1.SoloKernel/${rpc}`), "-d", JSON.stringify(request)], options);
  const [message] = ran.messages;
  assert.ok(message !== undefined, `${rpc}: ${ran.stderr}`);
  return message;
}

interface RefusedTo {
  readonly code: string;
  readonly message: string;
  readonly details?: readonly { readonly type: string; readonly value: string }[];
}

async function refusedTo(rpc: string, request: object, options: Options = {}): Promise<RefusedTo> {
  const ran = await run([url(`/solo.v1.SoloKernel/${rpc}`), "-d", JSON.stringify(request)], options);
  assert.notEqual(ran.code, 0, ran.stdout);
  return JSON.parse(ran.stderr) as RefusedTo;
}

const base64 = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString("base64");
const fromBase64 = (text: unknown): unknown => JSON.parse(Buffer.from(String(text), "base64").toString());

test("reflection lists the services and every RPC", async () => {
  const services = await run(["--list-services", url()]);
  for (const name of ["solo.v1.SoloKernel", "grpc.health.v1.Health"])
    assert.ok(services.stdout.includes(name), services.stderr);
  const methods = await run(["--list-methods", url()]);
  for (const { rpc } of operations) assert.ok(methods.stdout.includes(`solo.v1.SoloKernel/${rpc}`), rpc);
});

test("health says SERVING, for the server and for the kernel's service", async () => {
  for (const service of ["", "solo.v1.SoloKernel"]) {
    const { messages, stderr } = await run([url("/grpc.health.v1.Health/Check"), "-d", JSON.stringify({ service })]);
    assert.deepEqual(messages, [{ status: "SERVING" }], stderr);
  }
});

test("without a certificate nothing is answered", async () => {
  for (const args of [
    ["--list-services", url()],
    [url("/solo.v1.SoloKernel/List"), "-d", "{}"],
  ]) {
    const { code, messages } = await run(args, { as: "nobody" });
    assert.notEqual(code, 0);
    assert.deepEqual(messages, []);
  }
});

test("a tenant's operations: deploy, call, cast, status, list, validate, watch, events, replay, kill", async () => {
  const code = (await example("counter")).toString("base64");
  const deployed = await ask("Deploy", { serviceId: "counter", code, requestId: "from-buf" });
  assert.equal(deployed["status"], "RUNNING");
  const called = await ask("Call", { serviceId: "counter", method: "add", args: base64([5]) });
  assert.equal(fromBase64(called["result"]), 5);
  await ask("Cast", { serviceId: "counter", method: "add", args: base64([1]) });
  assert.equal(fromBase64((await ask("Call", { serviceId: "counter", method: "get" }))["result"]), 6);
  const status = await ask("Status", { serviceId: "counter" });
  assert.deepEqual([status["status"], status["pid"], status["tenantId"]], ["RUNNING", deployed["pid"], "default"]);
  const listed = await ask("List", {});
  assert.match(JSON.stringify(listed), /"serviceId":"counter"/);
  assert.equal((await ask("Validate", { code }))["valid"], true);
  await ask("Call", { serviceId: "counter", method: "reset" });
  const watched = await run(
    [
      url("/solo.v1.SoloKernel/Watch"),
      "-d",
      JSON.stringify({ serviceId: "counter", includeLogs: true, includeMetrics: true, tailLines: 10 }),
    ],
    { enough: 3 },
  );
  assert.match(watched.stdout, /"statusChange"[^]*"RUNNING"/);
  assert.match(watched.stdout, /reset from 6/);
  assert.match(watched.stdout, /"metrics"/);
  const page = await ask("QueryEvents", { filter: { subject: "counter" } });
  assert.match(JSON.stringify(page), /deployment_requested.*service_deployed/);
  const events = await run([url("/solo.v1.SoloKernel/WatchEvents"), "-d", "{}"], { enough: 3 });
  assert.deepEqual(
    events.messages.slice(0, 3).map(({ id }) => id),
    ["1", "2", "3"],
  );
  assert.match(JSON.stringify(await ask("ReplayState", {})), /"counter"/);
  const killed = await ask("Kill", { serviceId: "counter" });
  assert.deepEqual([killed["finalStatus"], killed["reason"]], ["STOPPED", "killed by tenant default"]);
});

test("an administrator's operations: tenants, certificates, verification", async () => {
  const as = "admin";
  assert.deepEqual(await ask("CreateTenant", { tenantId: "from-buf" }, { as }), { tenantId: "from-buf" });
  assert.match(JSON.stringify(await ask("ListTenants", {}, { as })), /"from-buf"/);
  assert.match(
    String((await ask("IssueCertificate", { tenantId: "from-buf" }, { as }))["certificatePem"]),
    /BEGIN CERTIFICATE/,
  );
  assert.equal((await ask("VerifyLog", {}, { as }))["valid"], true);
  assert.deepEqual(await ask("DeleteTenant", { tenantId: "from-buf" }, { as }), { tenantId: "from-buf" });
});

test("errors come with the status code, a message, and details that say the stable reason", async () => {
  const missing = await refusedTo("Status", { serviceId: "nobody" });
  assert.equal(missing.code, "not_found");
  const [info] = missing.details ?? [];
  assert.equal(info?.type, "google.rpc.ErrorInfo");
  assert.match(Buffer.from(info.value, "base64").toString(), /SERVICE_NOT_FOUND/);
  assert.equal((await refusedTo("VerifyLog", {})).code, "permission_denied");
  assert.equal(
    (await refusedTo("Deploy", { serviceId: "bad", code: Buffer.from("class {").toString("base64") })).code,
    "invalid_argument",
  );
});

test("what is not there yet answers unimplemented", async () => {
  const missing = operations.filter(({ implemented }) => !implemented);
  for (const { rpc } of missing) {
    const { code, message } = await refusedTo(rpc, {}, { as: "admin" });
    assert.deepEqual([code, message], ["unimplemented", `${rpc} is not available in this version.`]);
  }
});

test("Shutdown ends it", async () => {
  const answered = await ask("Shutdown", { timeoutSeconds: 10 }, { as: "admin" });
  assert.equal(answered["outcome"], "clean");
  assert.equal(await solo.ended, 0);
});
