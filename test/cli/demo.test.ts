// `npm run demo`: shows everything, checks what it says, and leaves nothing behind, however it ends.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { roomsOfTests } from "../rooms.ts";
import { root } from "./harness.ts";

function startDemo(t: TestContext) {
  // Its temporary files go where nobody else's are.
  const dir = mkdtempSync(join(tmpdir(), "solo-demo-test-"));
  const child = spawn(join(root, "bin", "node26"), ["--disable-warning=ExperimentalWarning", "examples/demo.ts"], {
    cwd: root,
    env: {
      ...process.env,
      TMPDIR: dir,
      SOLO_ROOMS_DIR: roomsOfTests(),
      NO_COLOR: "1",
      NODE_OPTIONS: "",
      NODE_TEST_CONTEXT: "",
    },
    stdio: ["ignore", "pipe", "pipe"],
  });
  t.after(async () => {
    child.kill("SIGTERM");
    if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
    rmSync(dir, { recursive: true, force: true });
  });
  let said = "";
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding("utf8").on("data", (text: string) => (said += text));
  return { child, dir, said: () => said, ended: once(child, "close") };
}

/** Processes that know of this directory. */
function processesOf(dir: string): readonly string[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, "utf8").includes(dir);
      } catch {
        // It has just ended.
        return false;
      }
    });
}

test("the demo holds to its end and leaves nothing behind", async (t) => {
  const { dir, said, ended } = startDemo(t);
  assert.deepEqual(await ended, [0, null], said());
  for (const sight of ["crasher.ts:", "service_crashed", "kill -9", "the log is whole", "All of it held"]) {
    assert.ok(said().includes(sight), `${sight} in:\n${said()}`);
  }
  assert.deepEqual(readdirSync(dir), []);
  assert.deepEqual(processesOf(dir), []);
});

test("an interrupted demo cleans up and ends with 130", async (t) => {
  const { child, dir, said, ended } = startDemo(t);
  while (!said().includes("solo deploy")) await once(child.stdout, "data");
  child.kill("SIGINT");
  assert.deepEqual(await ended, [130, null], said());
  assert.deepEqual(readdirSync(dir), []);
  assert.deepEqual(processesOf(dir), []);
});

test("a demo that nobody reads any more cleans up as well", async (t) => {
  const { child, dir, ended } = startDemo(t);
  await once(child.stdout, "data");
  child.stdout.destroy();
  child.stderr.destroy();
  await ended;
  assert.deepEqual(readdirSync(dir), []);
  assert.deepEqual(processesOf(dir), []);
});
