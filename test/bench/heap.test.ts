import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import process from "node:process";
import { test, type TestContext } from "node:test";
import { ask } from "../../bench/lib/heap.ts";

/** A process with a debugger, and a connection to that. */
async function debugged(t: TestContext): Promise<{ readonly pid: number; readonly socket: WebSocket }> {
  const child = spawn(process.execPath, ["--inspect=127.0.0.1:0", "-e", "setInterval(() => undefined, 1_000)"], {
    stdio: ["ignore", "ignore", "pipe"],
  });
  t.after(() => child.kill("SIGKILL"));
  assert.ok(child.pid !== undefined);
  let said = "";
  let url: string | undefined;
  for await (const text of child.stderr.setEncoding("utf8").iterator({ destroyOnReturn: false })) {
    said += String(text);
    url = /listening on (ws:\S+)\s/.exec(said)?.[1];
    if (url !== undefined) break;
  }
  assert.ok(url !== undefined, said);
  child.stderr.resume();
  const socket = new WebSocket(url);
  t.after(() => socket.close());
  await once(socket, "open");
  return { pid: child.pid, socket };
}

test("a process is asked what its heap holds", async (t) => {
  const { socket } = await debugged(t);
  assert.deepEqual(await ask(socket, 1, "HeapProfiler.collectGarbage"), {});
  const { usedSize } = await ask(socket, 2, "Runtime.getHeapUsage");
  assert.ok(typeof usedSize === "number" && usedSize > 0);
});

test("a process that ends while it is asked is waited for no longer, nor is one that had ended before", async (t) => {
  const { pid, socket } = await debugged(t);
  process.kill(pid, "SIGSTOP");
  const asked = assert.rejects(
    ask(socket, 1, "Runtime.getHeapUsage"),
    /ended before it answered Runtime\.getHeapUsage/,
  );
  process.kill(pid, "SIGKILL");
  await asked;
  await assert.rejects(ask(socket, 2, "Runtime.getHeapUsage"), /ended before it answered/);
});
