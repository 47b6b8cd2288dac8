import assert from "node:assert/strict";
import { test } from "node:test";
import { refusalOf, service } from "./asking.ts";
import { call, Solo } from "./solo.ts";

test("a service may fail with any text: its client is told, and the kernel goes on", async (t) => {
  const solo = await Solo.start();
  t.after(() => solo[Symbol.asyncDispose]());
  const client = await solo.client("default");
  const before = solo.kernelPid();
  const code = service(`
    fail(ahead, text) { throw new Error(ahead + text.repeat(300)); }
    half() { throw new Error("half \\ud83d of one"); }`);
  await client.deploy({ serviceId: "poet", code });
  // Wherever the message is cut, one of these is cut within a character.
  for (const ahead of ["", "x", "xx"]) {
    for (const text of ["\u{1f600}", "\u{1f468}\u200d\u{1f469}", "\u0000", "\n%"]) {
      const refusal = await refusalOf(call(client, "poet", "fail", [ahead, text]));
      assert.equal(refusal.code, "CALL_FAILED");
      assert.ok(refusal.message.isWellFormed());
    }
  }
  assert.equal((await refusalOf(call(client, "poet", "half"))).code, "CALL_FAILED");
  const failing = service(`init() { throw new Error("x" + "\\u{1f600}".repeat(300)); }`);
  assert.equal((await refusalOf(client.deploy({ serviceId: "mute", code: failing }))).code, "STARTUP_FAILED");
  assert.equal((await refusalOf(call(client, "mute", "any"))).executed, "not_executed");
  assert.equal(solo.kernelPid(), before);
});
