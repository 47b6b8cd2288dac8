/**
 * Who comes first when the machine has too little for all: where no control group weighs, system services before those of
 * tenants, and init and the kernel before both; when memory runs out, the other way round.
 */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import os from "node:os";
import process from "node:process";
import { test } from "node:test";
import { ServiceTier } from "../../src/api/index.ts";
import { eventsOf, service } from "../e2e/asking.ts";
import { call, Solo, until } from "../e2e/solo.ts";
import { testedTiers } from "../sandbox/tiers.ts";

const code = service(`ping() { return "pong"; }`);
const isRoot = process.getuid?.() === 0;
const nobody = 65_534;

/** Of all threads of a process. */
const levelsOf = (pid: number): readonly number[] =>
  readdirSync(`/proc/${pid}/task`).map((thread) => os.getPriority(Number(thread)));
/** Of its session, where the machine shares its processor out by sessions first. */
function sessionLevelOf(pid: number): number | undefined {
  try {
    return Number(/nice (-?\d+)/.exec(readFileSync(`/proc/${pid}/autogroup`, "utf8"))?.[1]);
  } catch {
    return undefined;
  }
}
const oomScoreOf = (pid: number): number => Number(readFileSync(`/proc/${pid}/oom_score_adj`, "utf8"));

/** The processes of a Solo with a service of each tier. */
async function populate(solo: Solo) {
  const admin = await solo.client("admin");
  await admin.deploy({ serviceId: "system", code, tier: ServiceTier.SYSTEM });
  await admin.deploy({ serviceId: "user", code });
  for (const serviceId of ["system", "user"]) assert.equal(await call(admin, serviceId, "ping"), "pong");
  const cells = new Map(
    (await eventsOf(admin, ["service_deployed"])).map(({ subject, payload }) => [subject, Number(payload?.["cell"])]),
  );
  const cellOf = (name: string): number => solo.cellPid(cells.get(name) ?? 0);
  const builder = solo.processes().find(({ role }) => role === "builder");
  assert.ok(builder !== undefined);
  return {
    init: solo.initPid,
    kernel: solo.kernelPid(),
    builder: builder.pid,
    system: cellOf("system"),
    user: cellOf("user"),
  };
}

/** Whoever runs this, and, if that is root, someone who is not. */
const users = [
  { who: "whoever runs this", user: undefined, skip: false },
  { who: "an ordinary user", user: nobody, skip: isRoot ? false : "only root can become another" },
] as const;

for (const { tier, skip: noTier } of testedTiers) {
  for (const { who, user, skip: noUser } of users) {
    const skip = noTier || noUser;
    const options = { args: ["--sandbox", tier], ...(user === undefined ? {} : { user }) };

    test(
      `${tier}, started by ${who}: when memory runs out, cells of tenants are ended first, and init and the kernel last`,
      { skip },
      async () => {
        await using solo = await Solo.start(options);
        const { init, kernel, builder, system, user: tenants } = await populate(solo);
        const own = oomScoreOf(init);
        const above = (pid: number): number => oomScoreOf(pid) - own;
        assert.equal(above(kernel), 0);
        // More than a thousand there is not.
        const most = 1_000 - own;
        await until("all to stand where they belong", () => above(tenants) === Math.min(most, 500));
        assert.deepEqual([above(system), above(builder)], [Math.min(most, 300), Math.min(most, 400)]);
      },
    );

    test(
      `${tier}, started by ${who}: without groups that weigh, tenants and the builder are served after system services, and all after the kernel`,
      { skip },
      async (t) => {
        await using solo = await Solo.start(options);
        if (/ {2}cpu: active/.test(solo.processLog)) return t.skip("Solo has groups that weigh here");
        const pids = await populate(solo);
        const own = os.getPriority(pids.init);
        const expected = { kernel: 0, system: 1, builder: 7, user: 7 };
        for (const [name, level] of Object.entries(expected) as [keyof typeof expected, number][]) {
          const pid = pids[name];
          const wanted = Math.min(19, own + level);
          await until(`all threads of ${name} at ${wanted}`, () => levelsOf(pid).every((each) => each === wanted));
          if (sessionLevelOf(pid) !== undefined) {
            await until(`the session of ${name} at ${level}`, () => sessionLevelOf(pid) === level);
          }
        }
      },
    );
  }
}
