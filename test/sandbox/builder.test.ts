/**
 * The builder in its jail: locked, it compiles whatever a builder compiles, and whoever breaks out of its parser finds no file, no
 * program and no network.
 */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import type net from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { after, test, type TestContext } from "node:test";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { builderInhabitant, groundIn, jailedBuilder } from "../../src/init/habitats.ts";
import { listenUnix } from "../../src/init/listen.ts";
import { type Command, openLibc, openSandbox, type Tier } from "../../src/sandbox/index.ts";
import { syscalls } from "../../src/sandbox/seccomp/syscalls.ts";
import { jailedArgument } from "../../src/wire/index.ts";
import { BuilderClient, compiledOf, errorsOf } from "../builder/harness.ts";
import { testedTiers } from "./tiers.ts";

const place = mkdtempSync(join(tmpdir(), "solo-builder-jail-"));
chmodSync(place, 0o755);
after(() => rmSync(place, { recursive: true, force: true }));

const broken = { from: join(import.meta.dirname, "fixtures", "builder"), to: "solo/test", as: "modules" as const };

/** A builder as init starts it, or, with `command`, another program in its place. */
async function start(t: TestContext, tier: Tier, command: Command = jailedBuilder) {
  const sandbox = await openSandbox({ tier, required: [], noneAllowed: false }, groundIn(join(place, tier)), []);
  assert.ok(typeof sandbox !== "string", JSON.stringify(sandbox));
  const inhabitant = builderInhabitant();
  const jail = sandbox.jailFor({ ...inhabitant, sources: [...inhabitant.sources, broken] });
  assert.ok(jail !== undefined);
  const run = mkdtempSync(join(tmpdir(), "solo-builder-run-"));
  const socket = join(run, "builder.sock");
  const listener = listenUnix(openLibc(), socket);
  using prepared = jail.prepare(command, { number: 0, cgroups: [] });
  const { file, args, env, user, gated, descriptors } = prepared;
  const child = spawn(file, args, {
    env,
    ...(user === undefined ? {} : { uid: user, gid: user }),
    stdio: ["ignore", "pipe", "inherit", listener.fd, "pipe", "ignore", ...descriptors],
    detached: true,
  });
  const heartbeat = child.stdio[4] as net.Socket;
  heartbeat.on("error", () => undefined).resume();
  if (gated) heartbeat.write("\n");
  const ended = new Promise<string>((resolve) => {
    child.once("exit", (code, signal) => resolve(signal ?? String(code)));
  });
  t.after(async () => {
    child.kill("SIGKILL");
    await ended;
    listener[Symbol.dispose]();
    rmSync(run, { recursive: true, force: true });
  });
  return { heartbeat, ended, lines: createInterface(child.stdout as Readable)[Symbol.asyncIterator](), socket };
}

/** EPERM and ENOSYS: the filter's own answers. Any other is that of somebody who looked at the arguments. */
const isFiltered = (errno: number): boolean => errno === 1 || errno === 38;

async function connect(t: TestContext, socket: string): Promise<BuilderClient> {
  const client = new BuilderClient(t, socket);
  await client.hello();
  return client;
}

for (const { tier, skip } of testedTiers) {
  test(`${tier}: a locked builder compiles, explains and traces as any builder does`, { skip }, async (t) => {
    const { socket } = await start(t, tier);
    const builder = await connect(t, socket);
    const service = (body: string): string =>
      `import { Service } from "solo:service";\nexport default class A extends Service { ${body} }\n`;
    const { code, map } = compiledOf(await builder.compile(service("go(n: number): number { return n! + 1; }")));
    assert.match(code, /go\(n\)/);
    const traced = await builder.trace(`Error: x\n    at A.go (counter.ts:3:5)`, map);
    assert.equal(traced.message.type, "traced");
    // Each of these takes another way through the parser, its visitor and V8.
    const refused = {
      "a syntax error": "const a = ;",
      "a name declared twice": service("") + "let b = 1; let b = 2;",
      "a module of Node": `import fs from "node:fs"; export default fs;`,
      "an import while it runs": service(`go() { return import("node:fs"); }`),
      "a decorator": service("@x go() {}"),
      "an invalid regular expression": service("go() { return /(?<a>.)(?<a>.)/; }"),
      "no module": "with (a) {}",
    };
    for (const [what, source] of Object.entries(refused)) {
      assert.ok(errorsOf(await builder.compile(source)).length > 0, what);
    }
    const javascript = await builder.compile("export default { async fetch() {} };", { format: "javascript" });
    assert.ok(compiledOf(javascript).code.length > 0);
    const large = service(Array.from({ length: 20_000 }, (_, n) => `m${n}(): number { return ${n}; }`).join("\n"));
    assert.ok(compiledOf(await builder.compile(large)).code.length > 400_000);
    const deep = service(`go() { return ${"[".repeat(2_000)}1${"]".repeat(2_000)}; }`);
    assert.ok(compiledOf(await builder.compile(deep)).code.length > 4_000);
  });

  test(
    `${tier}: whoever breaks out of a builder's parser is refused what its start needed, and is noticed`,
    { skip },
    async (t) => {
      const numbers = syscalls[process.arch === "arm64" ? "arm64" : "x64"];
      const numberOf = (name: string): number => numbers.get(name) ?? assert.fail(name);
      const names =
        "openat execve execveat socket connect bind socketpair kill tkill memfd_create pidfd_open io_uring_setup openat2 " +
        "seccomp setuid mkdirat unlinkat renameat2 newfstatat statx";
      const calls = Object.fromEntries(names.split(" ").map((name) => [name, numberOf(name)]));
      const order = JSON.stringify({ calls, last: numberOf("ptrace") });
      const command: Command = (inside) => {
        const usual = jailedBuilder(inside);
        const entry = usual.findIndex((word) => word.endsWith("main.mjs"));
        return [...usual.slice(0, entry), `${inside}/test/broken.mjs`, jailedArgument, order];
      };
      const { heartbeat, ended, lines, socket } = await start(t, tier, command);
      const hear = async (): Promise<{
        readonly done: Record<string, boolean>;
        readonly calls: Record<string, number>;
      }> => JSON.parse(String((await lines.next()).value)) as never;
      const before = await hear();
      assert.deepEqual(
        Object.entries(before.done).flatMap(([name, done]) => (done ? [name] : [])),
        ["read its own code", "list the root"],
        "the control: what the jail alone lets it do",
      );
      const now = await hear();
      assert.deepEqual(Object.values(now.done).filter(Boolean), [], JSON.stringify(now.done));
      for (const [name, errno] of Object.entries(now.calls)) assert.ok(isFiltered(errno), `${name}: errno ${errno}`);
      // It still serves.
      assert.equal(
        (await (await connect(t, socket)).compile("export default {};", { format: "javascript" })).message.type,
        "compiled",
      );
      heartbeat.write("end\n");
      assert.match(await ended, /^(SIGSYS|159)$/);
    },
  );
}
