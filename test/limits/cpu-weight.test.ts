/** The processor is shared between tenants, not between cells: what a tenant's cells weigh together is what everyone's do. */
import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { findOwnGroups } from "../../src/observe/own-groups.ts";
import { eventsOf, service } from "../e2e/asking.ts";
import { Solo, until } from "../e2e/solo.ts";

const code = service(`ping() { return "pong"; }`);

/** Where init made its groups that weigh; undefined if it could not. */
function groupsOf(initPid: number): string | undefined {
  const textOf = (name: string): string => readFileSync(`/proc/${initPid}/${name}`, "utf8");
  return findOwnGroups({ mountinfo: textOf("mountinfo"), cgroup: textOf("cgroup") }, "cpu")
    .flatMap(({ folder }) => readdirSync(folder).map((name) => join(folder, name)))
    .find((folder) => folder.includes(`/solo.${initPid}.`));
}

/** As the kernel of the machine has it, where 100 is an ordinary share: version 1 counts 1,024 of them to it. */
function weightIn(folder: string): number {
  const [v1, v2] = [join(folder, "cpu.shares"), join(folder, "cpu.weight")];
  return existsSync(v1) ? Math.round(Number(readFileSync(v1, "utf8")) / 10.24) : Number(readFileSync(v2, "utf8"));
}

test("tenants weigh the same however many cells they have, and cpu_shares move time only within one", async (t) => {
  await using solo = await Solo.start({ config: { services_per_cell_max: 1 } });
  const groups = groupsOf(solo.initPid);
  if (groups === undefined) return t.skip("Solo can make no groups with weights here");
  const admin = await solo.client("admin");
  const [many, single] = [await solo.tenant("many"), await solo.tenant("single")];

  /** Of the cells in which services run, by service. */
  const weights = async (): Promise<Readonly<Record<string, number>>> =>
    Object.fromEntries(
      (await eventsOf(admin, ["service_deployed"])).flatMap(({ subject, payload }) => {
        const folder = join(groups, `cell-${Number(payload?.["cell"])}`);
        return existsSync(folder) ? [[subject, weightIn(folder)]] : [];
      }),
    );
  const untilWeights = async (expected: Readonly<Record<string, number>>): Promise<void> => {
    let seen: Readonly<Record<string, number>> = {};
    const holds = async (): Promise<boolean> => {
      seen = await weights();
      return Object.entries(expected).every(([name, weight]) => seen[name] === weight);
    };
    await until(JSON.stringify(expected), holds).catch(() => assert.deepEqual(seen, expected));
  };

  await single.deploy({ serviceId: "only", code, resourceLimits: { cpuShares: 100_000 } });
  for (const serviceId of ["first", "second"]) await many.deploy({ serviceId, code });
  await untilWeights({ only: 100, first: 50, second: 50 });

  await many.deploy({ serviceId: "heavy", code, resourceLimits: { cpuShares: 2_048 } });
  await untilWeights({ only: 100, first: 25, second: 25, heavy: 50 });

  await many.kill({ serviceId: "heavy", force: true });
  await untilWeights({ only: 100, first: 50, second: 50 });

  await solo.killKernel();
  await many.kill({ serviceId: "second", force: true });
  await untilWeights({ only: 100, first: 100 });
});
