/** A client in another language: python3 with grpcio, on grpc's C core, which is stricter than grpc-js in places. */
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { createRequire } from "node:module";
import { join } from "node:path";
import process from "node:process";
import { test } from "node:test";
import { operations } from "../../src/api/index.ts";
import { Solo } from "../e2e/solo.ts";

const root = join(import.meta.dirname, "../..");
const buf = createRequire(import.meta.url).resolve(`@bufbuild/buf-${process.platform}-${process.arch}/bin/buf`);
const python = "/usr/bin/python3";
const probe = spawnSync(python, ["-c", "import grpc, google.protobuf"], { encoding: "utf8" });
const missing = probe.status === 0 ? false : `${python} has no grpcio: apt-get install python3-grpcio`;

test("python3-grpcio: every operation answers, refusals carry their reasons", { skip: missing }, async () => {
  await using solo = await Solo.start();
  const descriptors = join(solo.dataDir, "descriptors.binpb");
  const built = spawnSync(buf, ["build", "-o", descriptors], { cwd: root, encoding: "utf8" });
  assert.equal(built.status, 0, built.stderr);
  const implemented = operations.filter((operation) => operation.implemented).map(({ rpc }) => rpc);
  const script = join(import.meta.dirname, "client.py");
  const args = [
    script,
    solo.address,
    solo.certs,
    descriptors,
    join(root, "examples/counter.ts"),
    implemented.join(","),
  ];
  const client = spawn(python, args, { stdio: ["ignore", "pipe", "pipe"] });
  const late = setTimeout(() => client.kill("SIGKILL"), 60_000);
  let stdout = "";
  let stderr = "";
  client.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text));
  client.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
  const [code] = (await once(client, "close")) as [number | null];
  clearTimeout(late);
  assert.equal(code, 0, `${stdout}\n${stderr}`);
  const said = new Map(
    stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as [string, unknown]),
  );
  const say = (name: string): unknown => said.get(name);

  assert.deepEqual(say("health"), { status: "SERVING" });
  const deployed = say("Deploy") as { readonly status: string; readonly pid: string };
  assert.equal(deployed.status, "RUNNING");
  assert.deepEqual(say("Deploy again"), deployed);
  assert.deepEqual([say("Call"), say("Cast")], [20, 42]);
  const status = say("Status") as { readonly status: string; readonly pid: string };
  assert.deepEqual([status.status, status.pid], ["RUNNING", deployed.pid]);
  assert.deepEqual(say("List"), ["py"]);
  assert.equal(say("Validate"), false);
  assert.deepEqual(say("Watch"), [["status_change", "log"], "reset from 42"]);
  assert.deepEqual(say("QueryEvents"), ["tenant_created", "deployment_requested", "service_deployed"]);
  assert.deepEqual(say("WatchEvents"), [1, 2]);
  assert.equal(say("ReplayState"), true);
  assert.deepEqual(say("Kill"), { service_id: "py", final_status: "STOPPED", reason: "killed by tenant default" });
  assert.deepEqual(say("CreateTenant"), { tenant_id: "py-made" });
  assert.deepEqual(say("ListTenants"), ["default", "py-made"]);
  assert.equal(say("IssueCertificate"), true);
  assert.deepEqual(say("DeleteTenant"), { tenant_id: "py-made" });
  assert.equal(say("VerifyLog"), true);
  assert.deepEqual(say("refused: missing"), ["NOT_FOUND", "SERVICE_NOT_FOUND"]);
  assert.deepEqual(say("refused: not admin"), ["PERMISSION_DENIED", "NOT_ADMIN"]);
  assert.deepEqual(say("refused: syntax"), ["INVALID_ARGUMENT", "SYNTAX_ERROR"]);
  assert.deepEqual(say("refused: long"), ["ABORTED", "CALL_FAILED"]);
  assert.deepEqual(say("refused: no certificate"), "UNAVAILABLE");
  for (const { rpc } of operations.filter((operation) => !operation.implemented)) {
    assert.deepEqual(say(`missing: ${rpc}`), ["UNIMPLEMENTED", "UNIMPLEMENTED"], rpc);
  }
  assert.equal((say("Shutdown") as { readonly outcome: string }).outcome, "clean");
  assert.equal(await solo.ended, 0);
});
