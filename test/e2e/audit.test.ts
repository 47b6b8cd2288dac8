/** What a real Solo says of itself when its administrator asks. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { refusalOf } from "./asking.ts";
import { example, Solo, until } from "./solo.ts";

interface Cell {
  readonly cell: number;
  readonly tenant?: string;
  readonly tier: string;
  readonly phase: string;
  readonly isolates: number;
  readonly osPid: number;
  readonly rssBytes?: number;
}

test("an audit tells the processes that there are, the log as it is, and the same of the sandbox as init found", async () => {
  await using solo = await Solo.start({ config: { tenant_memory_max_mb: 300 } });
  const admin = await solo.client();
  await admin.deploy({ serviceId: "counter", code: await example("counter") });
  let cells: readonly Cell[] = [];
  const component = async (name: string): Promise<unknown> => (await admin.audit({})).components?.[name];
  await until("the memory of all cells", async () => {
    cells = ((await component("cells")) as { readonly listed: readonly Cell[] }).listed;
    return cells.length === 3 && cells.every(({ rssBytes }) => rssBytes !== undefined && rssBytes > 1024 ** 2);
  });
  const own = cells.filter(({ tenant }) => tenant === "default");
  assert.deepEqual(
    own.map(({ tier, phase, isolates }) => [tier, phase, isolates]),
    [["user", "open", 1]],
  );
  const running = new Set(solo.processes().map(({ pid }) => pid));
  for (const { osPid } of cells) assert.ok(running.has(osPid), `process ${osPid} runs`);

  const { checkpoint } = (await component("log")) as { readonly checkpoint: string };
  const [id = "", hash = ""] = checkpoint.split(":");
  assert.ok((await admin.verifyLog({ expectedId: BigInt(id), expectedHash: hash })).valid, "its checkpoint holds");

  const { status, components } = await admin.audit({});
  const sandbox = components?.["sandbox"] as { readonly tier: string; readonly status: string };
  assert.equal(sandbox.tier === "none", sandbox.status === "critical");
  assert.equal(status === "critical", sandbox.tier === "none");
  const limits = (await component("limits")) as { readonly settings: { readonly tenantMemoryBytesMax: number } };
  assert.equal(limits.settings.tenantMemoryBytesMax, 300 * 1024 ** 2);
  const epoch = async (): Promise<number> =>
    ((await component("node")) as { readonly kernelEpoch: number }).kernelEpoch;
  assert.equal(await epoch(), 1);

  await solo.killKernel();
  await until("the next kernel", async () => (await epoch()) === 2);
  assert.equal((await refusalOf((await solo.client("default")).audit({}))).code, "NOT_ADMIN");
});
