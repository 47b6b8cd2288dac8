/** A Solo that was started in a control group with limits knows how near it is to these, not only how near the machine is to its own. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import process from "node:process";
import { after, test } from "node:test";
import type { Gauge } from "../../src/observe/index.ts";
import { Cgroups } from "../../src/sandbox/index.ts";

const cgroups = Cgroups.open(() => false);
after(() => cgroups.close());
const lacking = (name: string): string | false =>
  cgroups.layers.some(({ layer, active }) => layer === name && active) ? false : `no ${name} groups can be made here`;

const reader = `
  import { Gauges } from ${JSON.stringify(new URL("../../src/observe/index.ts", import.meta.url).href)};
  process.stdin.once("data", async () => {
    using gauges = new Gauges("/", { eventLoopDelayMsMax: 60_000 });
    console.log(JSON.stringify(await gauges.read({ cells: [], cellsRssBytes: 0, init: undefined })));
    process.exit();
  });
  console.log("ready");
`;

/** What a process reads that is in a group with these limits. */
async function readIn(limits: {
  readonly memoryBytesMax: number;
  readonly tasksMax: number;
}): Promise<readonly Gauge[]> {
  const group = cgroups.make(`gauges-${process.pid}`, { ...limits, cpuWeight: 100 });
  assert.ok(group !== undefined);
  const child = spawn(process.execPath, ["--input-type=module", "--eval", reader], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  const ended = once(child, "close");
  assert.ok(child.pid !== undefined);
  group.admit(child.pid);
  let said = "";
  for await (const text of child.stdout.setEncoding("utf8")) {
    if (said === "") child.stdin.write("read\n");
    said += String(text);
  }
  await ended;
  await group.remove();
  return JSON.parse(said.replace("ready\n", "")) as readonly Gauge[];
}

const limits = { memoryBytesMax: 1024 ** 3, tasksMax: 64 };

test("threads: the group's limit counts where it is nearer than the machine's", { skip: lacking("pids") }, async () => {
  const gauges = await readIn(limits);
  const processes = gauges.find(({ what }) => what === "processes");
  assert.equal(processes?.limit, limits.tasksMax);
  assert.ok(processes !== undefined && processes.used > 1 && processes.used < limits.tasksMax, `${processes?.used}`);
});
