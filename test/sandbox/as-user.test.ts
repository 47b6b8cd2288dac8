/**
 * A whole Solo in each tier, started by root and by an ordinary user: it deploys, is called, kills and starts again; attacks end as
 * they should while another tenant works in peace; and what is said of its sandbox is what was found. All attacks, in the tier that a start
 * chooses, are those of test/escape.
 */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import process from "node:process";
import { after, before, describe, test } from "node:test";
import { Arena, attacksIn } from "../escape/harness.ts";
import { call, example, Solo, until } from "../e2e/solo.ts";
import { onlyLinux, testedTiers } from "./tiers.ts";

const isRoot = process.getuid?.() === 0;
const nobody = 65_534;

const users = [
  { who: "whoever runs this", user: undefined, skip: onlyLinux },
  { who: "an ordinary user", user: nobody, skip: isRoot ? onlyLinux : "only root can become another" },
] as const;

/** One of each kind: loops, heap, what the heap does not count, floods, escapes, forgeries, starts. */
const picked = [
  "loop-array-constructor",
  "loop-await",
  "memory-arrays",
  "memory-buffers",
  "flood-mailbox",
  "escape-constructor-chain",
  "escape-host-pollution",
  "escape-import",
  "forge-references",
  "deep-recursion",
  "crash-loop",
];
const attacks = (await attacksIn("attacks")).filter(({ name }) => picked.includes(name));

test("the attacks that are picked are there", () => {
  assert.equal(attacks.length, picked.length);
});

interface Found {
  readonly tier: string;
  readonly layers: readonly { readonly layer: string; readonly active: boolean; readonly why?: string }[];
}

/** Numbers of the user that a process is, by /proc. */
const userOf = (pid: number): number => Number(/^Uid:\t(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]);

for (const { tier, skip: noTier } of testedTiers) {
  for (const { who, user, skip: noUser } of users) {
    const skip = noTier || noUser;
    const options = { args: ["--sandbox", tier], ...(user === undefined ? {} : { user }) };

    test(
      `${tier}, started by ${who}: services are deployed, called, killed, and there again after a restart`,
      { skip },
      async () => {
        await using solo = await Solo.start(options);
        const tenant = await solo.client("default");
        const code = await example("counter");
        for (const serviceId of ["counter", "doomed"]) await tenant.deploy({ serviceId, code });
        assert.equal(await call(tenant, "counter", "add", [2]), 2);
        const { finalStatus } = await tenant.kill({ serviceId: "doomed" });
        assert.equal((await tenant.status({ serviceId: "doomed" })).status, finalStatus);

        const { components } = await (await solo.client()).audit({});
        const sandbox = components?.["sandbox"] as unknown as Found;
        assert.equal(sandbox.tier, tier);
        const missing = sandbox.layers.filter(
          ({ layer, active }) => !active && !["memory", "pids", "cpu"].includes(layer),
        );
        const ownUsers = isRoot && user === undefined;
        assert.deepEqual(
          missing.map(({ layer, why }) => [layer, why]),
          ownUsers ? [] : [["user", "only root can give cells users of their own"]],
        );
        const usersOfCells = () =>
          new Set(
            solo
              .processes()
              .filter(({ role }) => role === "cell")
              .map(({ pid }) => userOf(pid)),
          );
        // The pool of warm cells is filled a moment after it was taken from.
        if (ownUsers) await until("each cell to have a user of its own", () => usersOfCells().size > 1);
        const users = [...usersOfCells()];
        if (ownUsers) assert.ok(!users.includes(0), "and none of them root");
        else assert.deepEqual(users, [user ?? process.getuid?.()]);

        assert.equal(await solo.stop(), 0);
        // What a jail held ends a moment after the jail.
        await until("the end of all its processes", () => solo.left().length === 0);
        await solo.startAgain();
        const again = await solo.client("default");
        await until("the counter", () =>
          call(again, "counter", "get").then(
            (count) => count === 0,
            () => false,
          ),
        );
      },
    );

    describe(`${tier}, started by ${who}: an attack harms nobody but its attacker:`, { skip, concurrency: 2 }, () => {
      let arena: Arena;
      before(async () => {
        arena = await Arena.open(options.args, user === undefined ? {} : { user });
      });
      after(async () => {
        await arena[Symbol.asyncDispose]();
      });
      for (const attack of attacks) {
        test(`${attack.name}: ${attack.what}`, { timeout: 60_000 }, async (t) => {
          t.diagnostic(await arena.withstand(attack));
        });
      }
      test("after all of them the log verifies", async () => {
        await arena.insistPeace();
        await arena.close();
      });
    });
  }
}
