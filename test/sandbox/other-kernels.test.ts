/** Control groups of version 1, version 2 and both, whatever this machine has: the tests of cgroups.test.ts in kernels of their own. */
import assert from "node:assert/strict";
import process from "node:process";
import { test } from "node:test";
import { findOtherKernel, type Hierarchy, hierarchies, runInOtherKernel } from "./other-kernel.ts";

const kernel = findOtherKernel();
const skip = kernel === undefined ? "linux.uml is not installed (Debian: apt-get install user-mode-linux)" : false;
const timeoutMs = 480_000;

/** A jailed cell takes its time to start there: each kind tries it in one tier at least. */
const cells: Readonly<Record<Hierarchy, string>> = {
  "version 1": "^launcher:|^a limit below",
  "version 2": "^launcher:|^bubblewrap:|^a cell is born|^a limit below|^an ordinary user",
  hybrid: "^bubblewrap:|^an ordinary user",
};
const groups = "^what |^memory:|^threads|^weight";

for (const hierarchy of Object.keys(hierarchies) as readonly Hierarchy[]) {
  test(
    `${hierarchy}: every limit holds, is told as what it was, and leaves nothing behind`,
    { skip, timeout: timeoutMs + 60_000 },
    async (t) => {
      const flags = "--disable-warning=ExperimentalWarning --test --test-force-exit --test-reporter=spec";
      const names = `--test-name-pattern='${groups}|${cells[hierarchy]}'`;
      const { code, said } = await runInOtherKernel(
        kernel ?? "",
        hierarchy,
        [
          "export SOLO_TEST_LAYERS=memory,pids,cpu",
          `${process.execPath} ${flags} ${names} test/sandbox/cgroups.test.ts`,
        ],
        timeoutMs,
      );
      for (const line of said.split("\n").filter((each) => /^[✔✖﹣ℹ]/.test(each))) t.diagnostic(line);
      assert.equal(code, 0, said);
      assert.match(said, /^ℹ fail 0$/m);
    },
  );
}
