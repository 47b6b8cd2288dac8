import assert from "node:assert/strict";
import { test } from "node:test";
import { refusalOf, service } from "./asking.ts";
import { call, Solo } from "./solo.ts";

test("a service may fail with any text: its client is told, and the kernel goes on", async (t) => {
  const solo = await Solo.start();
  t.after(() => solo[Symbol.asyncDispose]());
  const client = await solo.client("default");
  const before = solo.kernelPid();
  // A method that throws ends its service. Wherever the message is cut, one of these is cut within a character.
  const texts = ["", "x", "xx"].flatMap((ahead) =>
    [`"\\u{1f600}"`, `"\\u{1f468}\\u200d\\u{1f469}"`, `"\\0"`, `"\\n%"`].map(
      (text) => `"${ahead}" + ${text}.repeat(300)`,
    ),
  );
  for (const [n, text] of [...texts, `"half \\ud83d of one"`].entries()) {
    const code = service(`fail() { throw new Error(${text}); }`);
    await client.deploy({ serviceId: `poet-${n}`, code });
    const refusal = await refusalOf(call(client, `poet-${n}`, "fail"));
    assert.equal(refusal.code, "CALL_FAILED");
    assert.ok(refusal.message.isWellFormed());
  }
  const failing = service(`init() { throw new Error("x" + "\\u{1f600}".repeat(300)); }`);
  assert.equal((await refusalOf(client.deploy({ serviceId: "mute", code: failing }))).code, "STARTUP_FAILED");
  assert.equal((await refusalOf(call(client, "mute", "any"))).executed, "not_executed");
  assert.equal(solo.kernelPid(), before);
});
