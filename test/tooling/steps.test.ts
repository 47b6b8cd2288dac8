// The steps of `npm run check`, as tests: so that one summary of `npm test` tells of all that must hold.

import assert from "node:assert/strict";
import test from "node:test";
import { run } from "../../tools/check/run.ts";
import { steps } from "../../tools/check/steps.ts";

for (const { promise, command } of steps) {
  test(promise, async () => {
    const { ok, output } = await run(command);
    assert.ok(ok, `${command.join(" ")}\n${output}`);
  });
}
