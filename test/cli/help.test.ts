// What `solo` says about itself, as a golden: changing it is a decision, seen in review.
// Update it with: UPDATE_GOLDEN=1 bin/node26 --test test/cli/help.test.ts

import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { Writable } from "node:stream";
import { test } from "node:test";
import type { Command } from "commander";
import { run } from "../../src/cli/index.ts";
import { makeProgram } from "../../src/cli/program.ts";

const golden = new URL("../golden/cli-help.txt", import.meta.url);

const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });
const program = await makeProgram(
  { env: {}, stdout: nowhere, stderr: nowhere },
  () => () => assert.fail("only help is asked for"),
  "every",
);

/** A command as it is typed, and whether others stand below it. */
interface Verb {
  readonly verb: string;
  readonly isGroup: boolean;
}

/** All that the program knows: none can be forgotten. Its topic of help is asked for below as people ask for it. */
const verbsOf = (of: Command, before = ""): readonly Verb[] =>
  of.commands
    .filter((command) => command.name() !== "exit-codes")
    .flatMap((command) => {
      const verb = `${before}${command.name()}`;
      return [{ verb, isGroup: command.commands.length > 0 }, ...verbsOf(command, `${verb} `)];
    });
const verbs = verbsOf(program);

async function solo(line: string, env: Readonly<Record<string, string>> = {}) {
  const said = { stdout: "", stderr: "" };
  const stream = (name: "stdout" | "stderr"): Writable =>
    new Writable({
      write: (chunk, _encoding, done) => {
        said[name] += String(chunk);
        done();
      },
    });
  const [stdout, stderr] = [stream("stdout"), stream("stderr")];
  const args = line.split(" ").filter((word) => word !== "");
  const code = await run({ args, env, stdout, stderr, signal: new AbortController().signal, now: () => new Date(0) });
  return { code, ...said };
}

test("the help of every command is as agreed", async () => {
  const pages = ["--help", ...verbs.map(({ verb }) => `${verb} --help`), "help exit-codes"];
  const said: string[] = [];
  for (const page of pages) {
    const { code, stdout, stderr } = await solo(page);
    assert.equal(code, 0, page);
    assert.equal(stderr, "", page);
    said.push(`$ solo ${page}\n${stdout}`);
  }
  const text = said.join("\n");
  if (process.env["UPDATE_GOLDEN"] === "1") writeFileSync(golden, text);
  assert.equal(text, readFileSync(golden, "utf8"));
});

test("every command that does something is taught by example, its own or that of its group", async () => {
  for (const { verb, isGroup } of verbs) {
    if (isGroup) continue;
    const group = verbs.find((each) => each.isGroup && verb.startsWith(`${each.verb} `))?.verb;
    const taught = [verb, ...(group === undefined ? [] : [group])].map(
      async (name) => (await solo(`${name} --help`)).stdout,
    );
    assert.match((await Promise.all(taught)).join(""), new RegExp(`\\$ solo ${verb}`), verb);
  }
});

test("a wrong command line ends with 2 and says what to do", async () => {
  for (const line of [
    "",
    "lst",
    "deploy",
    "deploy a.ts --nme b",
    "deploy a.ts --memory lots",
    "events --limit x",
    "tenant",
  ]) {
    const { code, stdout, stderr } = await solo(line);
    assert.equal(code, 2, line);
    assert.equal(stdout, "", line);
    assert.notEqual(stderr, "", line);
  }
  assert.match((await solo("lst")).stderr, /Did you mean .*list/);
});

test("with --json an error is one JSON document on stdout, with its exit code", async () => {
  for (const line of ["--json lst", "call --json", "list --json --data-dir /nonexistent/solo", "--json"]) {
    const { code, stdout, stderr } = await solo(line);
    const parsed = JSON.parse(stdout) as { error: { code: string; exitCode: number } };
    assert.equal(parsed.error.exitCode, code, line);
    assert.ok(parsed.error.code === "USAGE" ? code === 2 : code === 3, line);
    if (line !== "--json") assert.equal(stderr, "", line);
  }
});

test("a data directory in which no Solo was started is unreachable, and says how to start one", async () => {
  const { code, stderr } = await solo("list", { SOLO_DATA_DIR: "/nonexistent/solo" });
  assert.equal(code, 3);
  assert.match(stderr, /NO_PROFILE/);
  assert.match(stderr, /solo start/);
});

test("a file that cannot be read is not found, before anything is sent", async () => {
  assert.equal((await solo("deploy /nonexistent/a.ts")).code, 4);
});

test("certificates are given with their keys, and tenants are named by administrators", async () => {
  assert.equal((await solo("list --cert a.pem")).code, 2);
  assert.equal((await solo("list --tenant a --as b")).code, 2);
});

test("deleting a tenant is confirmed, or ordered with --yes", async () => {
  const { code, stderr } = await solo("tenant delete agent_2");
  assert.equal(code, 2);
  assert.match(stderr, /--yes/);
});
