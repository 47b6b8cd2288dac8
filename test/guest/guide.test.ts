/**
 * docs/guide.md, to the letter: its examples have their types, are deployed to a real Solo in the order of the page, and each
 * line that it shows for a shell is typed there and must answer what the page says it does.
 */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { limits, resourceLimitsDefault } from "../../src/base/index.ts";
import { type Ran, Workplace } from "../cli/harness.ts";

const root = join(import.meta.dirname, "..", "..");
const text = readFileSync(join(root, "docs", "guide.md"), "utf8");

/** The page's blocks of code, in its order. */
const blocks = [...text.matchAll(/```(ts|sh)\n([\s\S]*?)```/g)].map(([, language = "", code = ""]) => ({
  language,
  code,
}));
const nameOf = (source: string): string => /export default class (\w+)/.exec(source)?.[1]?.toLowerCase() ?? "?";
const examples = new Map(blocks.filter(({ language }) => language === "ts").map(({ code }) => [nameOf(code), code]));

interface Line {
  readonly command: string;
  /** JSON, what a refusal says, or nothing that is promised. */
  readonly answer: { readonly is: string } | { readonly refused: string } | undefined;
}

/** The lines of a block, each with its remark; one that is a remark alone belongs to the line before it. */
function linesOf(code: string): Line[] {
  const joined = code.replaceAll(/\n# +/g, " # ").replaceAll(/( # →[^\n]*?) # +/g, "$1 ");
  return joined
    .trim()
    .split("\n")
    .map((line) => {
      const [, command = "", remark = ""] = /^(.*?)(?:\s+# ?(.*))?$/.exec(line) ?? [];
      const [, is] = /^→ (.*)$/.exec(remark) ?? [];
      const [, refused] = /^refused: (.*)$/.exec(remark) ?? [];
      return { command, answer: is !== undefined ? { is } : refused === undefined ? undefined : { refused } };
    });
}

/** As a shell would: words, of which those in single quotes are one. */
const wordsOf = (command: string): string[] =>
  [...command.matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain ?? "");

test("the guide's examples are right by the types that services are written against", (t) => {
  const folder = mkdtempSync(join(tmpdir(), "solo-guide-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  copyFileSync(join(root, "src", "guest", "solo-service.d.ts"), join(folder, "solo-service.d.ts"));
  for (const [name, source] of examples) writeFileSync(join(folder, `${name}.ts`), source);
  const compilerOptions = {
    strict: true,
    noEmit: true,
    target: "esnext",
    module: "esnext",
    lib: ["esnext"],
    types: [],
  };
  writeFileSync(join(folder, "tsconfig.json"), JSON.stringify({ compilerOptions }));
  const tsc = join(root, "node_modules", "typescript", "bin", "tsc");
  assert.equal(spawnSync(process.execPath, [tsc, "-p", folder], { encoding: "utf8" }).stdout, "");
});

test("the guide's limits are those that hold", () => {
  const said = text.slice(text.indexOf("## Limits"), text.indexOf("## Examples")).replaceAll("\n", " ");
  const { maxMemoryBytes, maxProcesses, cpuTimeMs, messageQueueLimit, startupTimeoutMs, shutdownTimeoutMs } =
    resourceLimitsDefault;
  for (const limit of [
    `${maxMemoryBytes / 1024 / 1024} MB of memory`,
    `${maxProcesses} processes`,
    `${cpuTimeMs.toLocaleString("en")} ms of CPU time`,
    `${messageQueueLimit.toLocaleString("en")} messages in the mailbox`,
    `${startupTimeoutMs / 1_000} s to start`,
    `${shutdownTimeoutMs / 1_000} s to stop`,
    `${limits.timersMax.toLocaleString("en")} timers`,
    `${limits.logBytesPerSecondMax / 1024} KiB/s of log`,
  ]) {
    assert.ok(said.includes(limit), limit);
  }
});

let place: Workplace;

before(async () => {
  place = new Workplace();
  for (const [name, source] of examples) writeFileSync(join(place.dir, `${name}.ts`), source);
  const { code, stderr } = await place.solo("start", "--detach", "--grpc", "127.0.0.1:0");
  assert.equal(code, 0, stderr);
});

after(async () => {
  await place[Symbol.asyncDispose]();
});

async function type(command: string): Promise<Ran> {
  const [program, ...args] = wordsOf(command);
  assert.equal(program, "solo");
  return place.solo(...args);
}

async function answer(command: string): Promise<unknown> {
  const { code, stdout, stderr } = await type(command);
  assert.equal(code, 0, `${command}: ${stdout}${stderr}`);
  return stdout === "" ? undefined : (JSON.parse(stdout) as unknown);
}

const shown = blocks.filter(({ language }) => language === "sh").flatMap(({ code }) => linesOf(code));

test("the guide shows how each of its examples is deployed and called, and what it answers", () => {
  const deployed = shown.flatMap(({ command }) => /^solo deploy (\w+)\.ts/.exec(command)?.[1] ?? []);
  assert.deepEqual(deployed, [...examples.keys()]);
  for (const name of deployed) {
    assert.ok(
      shown.some(({ command, answer: said }) => command.startsWith(`solo call ${name} `) && said !== undefined),
      name,
    );
  }
});

for (const { command, answer: said } of shown) {
  test(`the guide says: ${command} ${JSON.stringify(said ?? "works")}`, async () => {
    if (said === undefined) assert.equal((await type(command)).code, 0);
    else if ("is" in said) assert.deepEqual(await answer(command), JSON.parse(said.is));
    else {
      const { code, stdout, stderr } = await type(command);
      assert.notEqual(code, 0);
      assert.ok(`${stdout}${stderr}`.includes(said.refused), `${stdout}${stderr}`);
    }
  });
}

test("what the guide says of its examples besides is true", async (t) => {
  await t.test("a cache's entry is gone when its time is over", async () => {
    await answer("solo call cache put soon gone 1");
    assert.equal(await answer("solo call cache get soon"), null);
  });

  await t.test("subscribers get what a feed publishes", async () => {
    const source = `import { type Sender, Service } from "solo:service";
      export default class extends Service<{ got: unknown[] }> {
        async init() { (await this.lookup("feed")).send("subscribe"); return { got: [] }; }
        onMessage(message: { item: unknown }, from: Sender) { this.state.got.push(message.item, from.name); }
        got() { return this.state.got; }
      }`;
    writeFileSync(join(place.dir, "subscriber.ts"), source);
    await type("solo deploy subscriber.ts");
    assert.equal(await answer("solo call feed publish news"), 1);
    const [item] = (await answer("solo call subscriber got")) as unknown[];
    assert.equal(item, "news");
  });

  await t.test("a counter that is not there is a refusal of the asker's", async () => {
    await type("solo kill counter");
    const { code, stdout, stderr } = await type("solo call asker total '[1]'");
    assert.notEqual(code, 0);
    assert.match(stdout + stderr, /the counter is not there: SERVICE_NOT_RUNNING/);
  });

  await t.test("no refusal restarted anybody", async () => {
    for (const name of examples.keys()) {
      const { restartCount } = (await answer(`solo status ${name} --json`)) as { readonly restartCount: number };
      assert.equal(restartCount, 0, name);
    }
  });
});
