// One session with a real Solo, by the command line alone: what each verb prints, and how it ends.

import assert from "node:assert/strict";
import { existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { example, type Ran, root, Workplace } from "./harness.ts";

let place: Workplace;

before(async () => {
  place = new Workplace();
  const { code, stderr } = await place.solo("start", "--detach", "--grpc", "127.0.0.1:0");
  assert.equal(code, 0, stderr);
});

after(async () => {
  await place[Symbol.asyncDispose]();
});

const solo = (...args: readonly string[]): Promise<Ran> => place.solo(...args);

async function json(...args: readonly string[]): Promise<Record<string, unknown>> {
  const { code, stdout, stderr } = await solo(...args, "--json");
  assert.equal(code, 0, `${args.join(" ")}: ${stdout}${stderr}`);
  return JSON.parse(stdout) as Record<string, unknown>;
}

interface Failed {
  readonly code: string;
  readonly exitCode: number;
  readonly message: string;
  readonly remedy: string;
  readonly stack?: string;
  readonly diagnostics?: readonly { readonly line: number; readonly excerpt: string; readonly file: string }[];
}

async function failure(...args: readonly string[]): Promise<Failed> {
  const { code, stdout } = await solo(...args, "--json");
  const { error } = JSON.parse(stdout) as { error: Failed };
  assert.equal(code, error.exitCode, stdout);
  assert.notEqual(error.message, "");
  return error;
}

test("a service is deployed under the name of its file, called, and keeps its state", async () => {
  const { code, stdout } = await solo("deploy", example("counter.ts"));
  assert.equal(code, 0, stdout);
  assert.match(stdout, /^✔ counter is RUNNING as <0\.1\.\d+> after/);
  assert.equal((await solo("call", "counter", "add", "2")).stdout, "2\n");
  assert.equal((await solo("call", "counter", "add", "--", "-12")).stdout, "-10\n");
  assert.deepEqual(await json("call", "counter", "add", "52"), { result: 42 });
  assert.deepEqual(await json("call", "counter", "reset"), {});
  assert.equal((await solo("cast", "counter", "add", "7")).code, 0);
  assert.deepEqual(await json("call", "counter", "get"), { result: 7 });
});

test("several services are deployed that look each other up and call", async () => {
  for (const name of ["pipeline-sink", "pipeline-transform", "pipeline-source"]) {
    assert.equal((await json("deploy", example(`${name}.ts`)))["status"], "RUNNING");
  }
  assert.deepEqual(await json("call", "pipeline-source", "read", "to be or not to be"), {
    result: { lines: 1, words: 6 },
  });
  assert.deepEqual(await json("call", "pipeline-sink", "top", "1"), { result: [["to", 2]] });
});

test("guide and types print what authors need, whole, and types writes it into a file", async () => {
  const guide = readFileSync(join(root, "docs", "guide.md"), "utf8");
  assert.equal((await solo("guide")).stdout, `${guide.trimEnd()}\n`);
  assert.deepEqual(await json("guide"), { guide });
  const types = readFileSync(join(root, "src", "guest", "solo-service.d.ts"), "utf8");
  assert.equal((await solo("types")).stdout, `${types.trimEnd()}\n`);
  const file = join(place.dir, "solo-service.d.ts");
  assert.equal((await solo("types", "--write", file)).code, 0);
  assert.equal(readFileSync(file, "utf8"), types);
});

test("list, status and tree tell what runs", async () => {
  const { services } = (await json("list")) as { services: { serviceId: string; status: string }[] };
  assert.equal(services.find(({ serviceId }) => serviceId === "counter")?.status, "RUNNING");
  assert.match((await solo("list")).stdout, /^SERVICE +STATUS[\s\S]*counter +RUNNING +<0\.1\./);
  assert.equal((await json("status", "counter"))["status"], "RUNNING");
  assert.match((await solo("status", "counter")).stdout, /^counter\nstatus +RUNNING/);
  const node = await solo("status");
  assert.match(node.stdout, /Solo answers[\s\S]*sandbox +(bubblewrap|launcher), files, network/);
  const tree = (await solo("tree")).stdout;
  assert.match(tree, /├─ system[\s\S]*kernel +process \d+[\s\S]*└─ tenants[\s\S]*└─ default\n/);
  assert.match(tree, /counter \(one_for_one, 3 in 30 s, permanent\) +0 restarts\n.*1 RUNNING <0\.1\.\d+>/);
});

test("a no of the service ends with 5 and leaves it running", async () => {
  const error = await failure("call", "counter", "add", "nine");
  assert.equal(error.code, "CALL_FAILED");
  assert.equal(error.exitCode, 5);
  assert.match(error.message, /whole number/);
  assert.equal((await solo("call", "counter", "get")).code, 0);
});

test("a crash reaches the caller, the status and the log with the line of TypeScript, and the service lives again", async () => {
  assert.equal((await solo("deploy", example("crasher.ts"))).code, 0);
  const error = await failure("call", "crasher", "crash", "oops");
  assert.equal(error.exitCode, 5);
  assert.match(error.message, /crashed on purpose: oops/);
  const source = readFileSync(example("crasher.ts"), "utf8").split("\n");
  const line = source.findIndex((text) => text.includes("new Error(")) + 1;
  // The call waits while the service starts again.
  assert.match((await solo("call", "crasher", "work")).stdout, /"done": 1/);
  const { deaths, restartCount } = (await json("status", "crasher")) as {
    deaths: { type: string; stack: string }[];
    restartCount: number;
  };
  assert.equal(restartCount, 1);
  assert.equal(deaths[0]?.type, "crashed");
  assert.match(deaths[0]?.stack ?? "", new RegExp(`:${line}:\\d+`));
});

test("a source that does not compile is refused with place, excerpt and caret, in the user's own file name", async () => {
  const file = join(place.dir, "broken.ts");
  writeFileSync(file, "const a = 1;\nconst b = = 2;\n");
  const error = await failure("deploy", file);
  assert.equal(error.code, "SYNTAX_ERROR");
  assert.equal(error.exitCode, 1);
  assert.equal(error.diagnostics?.[0]?.line, 2);
  assert.equal(error.diagnostics?.[0]?.file, file);
  const { code, stderr } = await solo("deploy", file);
  assert.equal(code, 1);
  assert.match(stderr, /const b = = 2;\n.*\^/);
  const checked = await solo("validate", file);
  assert.equal(checked.code, 1);
  assert.match(checked.stdout, /does not compile: 1 problem/);
  assert.equal((await solo("validate", example("counter.ts"))).code, 0);
});

test("a service that does not start says why, with its stack and its last words", async () => {
  const file = join(place.dir, "stillborn.ts");
  const source =
    'import { Service } from "solo:service";\nexport default class S extends Service {\n  init() {\n    this.log.info("so far so good");\n    throw new Error("no luck");\n  }\n}\n';
  writeFileSync(file, source);
  const error = await failure("deploy", file);
  assert.equal(error.code, "STARTUP_FAILED");
  assert.equal(error.exitCode, 1);
  assert.match(error.stack ?? "", /:5:\d+/);
});

test("what is not there is not found", async () => {
  assert.equal((await failure("call", "nobody", "work")).code, "SERVICE_NOT_FOUND");
  for (const args of [
    ["call", "nobody", "work"],
    ["status", "nobody"],
    ["kill", "nobody"],
    ["logs", "nobody"],
    ["call", "counter", "nothing"],
  ]) {
    assert.equal((await failure(...args)).exitCode, 4, args.join(" "));
  }
});

test("logs print what was logged, and follow until they are interrupted", async () => {
  assert.equal((await solo("deploy", example("chatty.ts"), "--env", "EVERY_MS=20", "--env", "NAME=Ada")).code, 0);
  // All that is kept: on a busy machine its first line is not among the last hundred any more.
  const past = await solo("logs", "chatty", "--lines", "1000");
  assert.equal(past.code, 0);
  assert.match(past.stdout, /INFO +<0\.1\.\d+> Ada speaks every 20 ms\n/);
  const following = place.begin("logs", "chatty", "-f", "--json", "--level", "warn");
  const [line] = await following.says(/^.*\n/);
  assert.match(line, /"level":"(WARN|ERROR)"/);
  following.kill("SIGINT");
  assert.equal((await following.ended).code, 130);
});

test("watch streams status, metrics and logs", async () => {
  const watching = place.begin("watch", "chatty", "--json", "--every", "100ms");
  await watching.says(/"statusChange"/);
  await watching.says(/"metrics"/);
  await watching.says(/"log"/);
  watching.kill("SIGTERM");
  assert.equal((await watching.ended).code, 143);
});

test("events tell what happened and why; a tenant counts its own, and following goes on", async () => {
  const lines = (await solo("events", "--all", "--json")).stdout.trim().split("\n");
  const events = lines.map((line) => JSON.parse(line) as { id: number; eventType: string; causationId: number });
  assert.deepEqual(
    events.map(({ id }) => id),
    events.map((_, at) => at + 1),
  );
  const crash = events.find(({ eventType }) => eventType === "service_crashed");
  assert.ok(crash !== undefined);
  assert.ok(events.some(({ causationId }) => causationId === crash.id));
  const only = (await solo("events", "--type", "service_crashed", "--subject", "crasher")).stdout;
  assert.match(
    only,
    /^ *\d+ .*service_crashed +crasher .*crashed in message: Error: crashed on purpose: oops {2}started\n$/,
  );

  const following = place.begin("events", "--limit", "1", "--follow", "--json");
  await following.says(/\n/);
  assert.equal((await solo("deploy", example("counter.ts"), "--name", "late")).code, 0);
  await following.says(/"service_deployed","subject":"late"/);
  following.kill("SIGINT");
  assert.equal((await following.ended).code, 130);
});

test("a killed service stays listed as stopped, with who killed it, and may be deployed again", async () => {
  const victim = ["deploy", example("counter.ts"), "--name", "victim"];
  assert.equal((await solo(...victim)).code, 0);
  assert.equal((await failure(...victim)).code, "SERVICE_EXISTS");
  assert.match((await solo("kill", "victim")).stdout, /^✔ victim is STOPPED: killed by tenant default\n$/);
  const { status, reason } = (await json("status", "victim")) as { status: string; reason: string };
  assert.equal(status, "STOPPED");
  assert.match(reason, /killed by tenant default/);
  assert.equal((await failure("call", "victim", "get")).code, "SERVICE_NOT_RUNNING");
  assert.equal((await solo(...victim)).code, 0);
  assert.equal((await solo("call", "victim", "add", "3")).stdout, "3\n");
  assert.equal((await solo(...victim, "--replace")).code, 0);
  assert.equal((await solo("call", "victim", "get")).stdout, "0\n");
});

test("the log verifies against a checkpoint noted earlier, and not against a wrong one", async () => {
  const { valid, headId, headHash } = (await json("verify")) as { valid: boolean; headId: number; headHash: string };
  assert.equal(valid, true);
  assert.equal((await solo("call", "counter", "get")).code, 0);
  assert.equal((await solo("verify", "--expect", `${headId}:${headHash}`)).code, 0);
  const wrong = await solo("verify", "--expect", `${headId}:${"0".repeat(64)}`);
  assert.equal(wrong.code, 1);
  assert.match(wrong.stdout, /does not hold/);
});

test("replay shows the state as it was after an event", async () => {
  const now = await json("replay", "--as", "admin");
  const before = await json("replay", "--as", "admin", "--at", "2");
  assert.equal(before["eventId"], 2);
  assert.ok(JSON.stringify(now["state"]).includes("counter"));
  assert.ok(!JSON.stringify(before["state"]).includes("counter"));
});

test("a tenant gets its certificate, sees what is its own, and may not do what is the administrator's", async () => {
  assert.equal((await solo("tenant", "create", "agent_2")).code, 0);
  assert.equal((await failure("tenant", "create", "agent_2")).code, "TENANT_EXISTS");
  const issued = (await json("cert", "issue", "--tenant", "agent_2", "--days", "3")) as { cert: string; key: string };
  assert.equal(statSync(issued.key).mode & 0o777, 0o600);
  assert.equal((await failure("cert", "issue", "--tenant", "agent_2")).code, "DIRECTORY_UNUSABLE");
  const as = ["--cert", issued.cert, "--key", issued.key];
  assert.deepEqual((await json("list", ...as))["services"], []);
  assert.equal((await failure("status", "counter", ...as)).exitCode, 4);
  for (const args of [["stop"], ["verify"], ["tenant", "list"], ["tenant", "delete", "agent_2", "--yes"]]) {
    const error = await failure(...args, ...as);
    assert.equal(error.code, "NOT_ADMIN", args.join(" "));
    assert.equal(error.exitCode, 6);
  }
  assert.equal((await solo("deploy", example("counter.ts"), "--tenant", "agent_2")).code, 0);
  assert.match((await solo("list", "--as", "admin")).stdout, /^TENANT[\s\S]*agent_2 +counter +RUNNING/);
  assert.equal((await solo("tenant", "delete", "agent_2", "--yes")).code, 0);
  assert.doesNotMatch((await solo("tenant", "list")).stdout, /agent_2/);
});

test("when the kernel is killed, calls resume with their state and streams go on", async () => {
  const before = await json("call", "counter", "add", "1");
  const following = place.begin("events", "--limit", "1", "--follow", "--json");
  await following.says(/\n/);
  const { system } = (await json("tree")) as { system: { role: string; pid: number }[] };
  const kernel = system.find(({ role }) => role === "kernel");
  assert.ok(kernel !== undefined);
  process.kill(kernel.pid, "SIGKILL");
  assert.equal((await solo("deploy", example("counter.ts"), "--name", "after")).code, 0);
  assert.deepEqual(await json("call", "counter", "get"), before);
  await following.says(/"service_deployed","subject":"after"/);
  following.kill("SIGINT");
  assert.equal((await following.ended).code, 130);
});

test("doctor finds nothing wrong, and names the sandbox and its layers", async () => {
  const { code, stdout } = await solo("doctor");
  assert.equal(code, 0, stdout);
  assert.match(stdout, /ok +running/);
  assert.match(stdout, /ok +event log +whole/);
  assert.match(stdout, /ok +sandbox +(bubblewrap|launcher): files, network, processes/);
});

test("audit draws what holds, and says of the sandbox what doctor says", async () => {
  const { code, stdout } = await solo("audit");
  assert.equal(code, 0, stdout);
  assert.match(stdout, /sandbox +(bubblewrap|launcher), files, network/);
  assert.match(
    stdout,
    /log +the newest \d+ events hold \(from 1 on\); all of it: solo verify\ncheckpoint +\d+:[0-9a-f]{64}/,
  );
  assert.match(stdout, /CELL +TENANT[\s\S]* default +user +open +\d+/);
  assert.match(stdout, /CERTIFICATE[\s\S]*\nserver +396 d/);
  const report = (await json("audit")) as { status: string; components: { sandbox: { findings: { says: string }[] } } };
  const { findings } = report.components.sandbox;
  assert.equal(report.status, findings.length === 0 ? "healthy" : "degraded");
  const doctor = (await json("doctor")) as { findings: { check: string; level: string; says: string }[] };
  assert.deepEqual(
    doctor.findings
      .filter(({ check, level }) => level === "warn" && /sandbox|layer/.test(check))
      .map(({ says }) => says),
    findings.map(({ says }) => says),
  );
});

test("stop waits until the last process is gone; then nothing answers", async () => {
  const { node } = (await json("tree")) as { node: { pid: number } };
  assert.equal((await solo("stop")).code, 0);
  assert.throws(() => process.kill(node.pid, 0));
  assert.ok(!existsSync(join(place.dataDir, "run")));
  const error = await failure("list");
  assert.equal(error.code, "UNREACHABLE");
  assert.equal(error.exitCode, 3);
});
