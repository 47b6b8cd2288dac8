/**
 * Crash rounds: one Solo under load, and blow after blow with kill -9, at random moments, against whatever part of it. Each
 * round ends when every client has its answer; then everything that was acknowledged is looked for.
 */
import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { check, type Checked } from "./checks.ts";
import { drawMixtures, expectEachStruck, type Mixture, planRound, roundsOfEach, Striker, victims } from "./blows.ts";
import { Ledger } from "./ledger.ts";
import { Node } from "./node.ts";
import { Random } from "./random.ts";
import { Worker, type Tally } from "./worker.ts";

export interface RoundsOptions {
  readonly rounds: number;
  readonly seed: number;
  readonly say: (line: string) => void;
}

const tenants = ["red", "green", "blue"] as const;
const workersPerTenant = 2;
/** From the end of the load to the last answer; a client that waits longer was left hanging. */
const settleMsMax = 90_000;

/** Throws at the first thing that is not as it must be, with what reproduces the choices that led there. */
export async function crash(options: RoundsOptions): Promise<void> {
  const { rounds, seed, say } = options;
  const random = new Random(seed);
  const tally: Tally = new Map();
  await using node = await Node.start();
  for (const tenant of tenants) await node.addTenant(tenant);
  const workers = tenants.flatMap((tenant) =>
    Array.from(
      { length: workersPerTenant },
      (_, i) => new Worker({ node, tenant, name: `${tenant}-${i + 1}`, random: random.fork(), tally }),
    ),
  );
  const striker = new Striker(node, random.fork());
  const all: Checked = { node, workers, striker, ledger: new Ledger(), checkpoint: undefined };
  const plans = random.fork();
  const mixtures = drawMixtures(random.fork());
  await all.ledger.readOn(node.client("admin"));
  for (let round = 1; round <= rounds; round++) {
    try {
      say(`round ${round}/${rounds}: ${await oneRound(all, mixtures.next().value, plans.fork(), tally)}`);
    } catch (error) {
      say(`round ${round} of seed ${seed} failed; what the node wrote last:\n${lastWords(node)}`);
      throw new Error(`round ${round} failed; reproduce it with: npm run crash -- --rounds ${round} --seed ${seed}`, {
        cause: error,
      });
    }
  }
  if (rounds >= roundsOfEach) expectEachStruck(striker);
  await lastRites(node);
  say(
    `struck: ${victims.map((victim) => `${victim} ${striker.strokes(victim)}`).join(", ")}; met nobody: ${striker.missed}`,
  );
  say(`the log: ${all.ledger.summary}`);
  say(
    `outcomes: ${[...tally]
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([what, count]) => `${what} ${count}`)
      .join(", ")}`,
  );
}

async function oneRound(all: Checked, mixture: Mixture, random: Random, tally: Tally): Promise<string> {
  const plan = planRound(random, mixture, all.striker.kernelEndsLeft);
  const before = sum(tally);
  const witnessed = lives(all);
  let stopped = false;
  const working = Promise.all(all.workers.map((worker) => worker.run(() => stopped)));
  // Whoever finds something wrong ends the round, whatever is being struck.
  working.catch(() => (stopped = true));
  const struck = await all.striker.strike(plan);
  await new Promise((resolve) => setTimeout(resolve, plan.thenMs));
  stopped = true;
  const settling = performance.now();
  await within(settleMsMax, working, () =>
    all.workers
      .map(({ doing }) => doing)
      .filter(Boolean)
      .join("; "),
  );
  const settled = performance.now();
  await check(all);
  succession(witnessed, lives(all));
  const took = (from: number, to: number): string => `${Math.round(to - from)} ms`;
  const done = sum(tally) - before;
  return `${struck}; ${done} answers, the last ${took(settling, settled)} after the load; checked in ${took(settled, performance.now())}`;
}

/** What the log tells of kernels and starts of the node, and what was done to them. */
interface Lives {
  readonly kernels: number;
  readonly boots: number;
  readonly kernelsStruck: number;
  readonly starts: Striker["starts"];
}

const lives = ({ ledger, striker }: Checked): Lives => ({
  kernels: ledger.kernels,
  boots: ledger.boots,
  kernelsStruck: striker.strokes("kernel"),
  starts: striker.starts,
});

/** Another kernel comes only after one was struck, or with the node; another start of the node only after its end. */
function succession(before: Lives, after: Lives): void {
  const [kernels, boots] = [after.kernels - before.kernels, after.boots - before.boots];
  const struck = after.kernelsStruck - before.kernelsStruck;
  const whole = after.starts.whole - before.starts.whole;
  const brokenOff = after.starts.brokenOff - before.starts.brokenOff;
  // Who was struck before it wrote its first event is not in the log; nor is a start that was broken off before that.
  assert.ok(
    boots >= whole && boots <= whole + brokenOff,
    `${boots} starts of the node are in the log, of ${whole} + ${brokenOff}`,
  );
  const least = Math.max(whole, struck > 0 ? 1 : 0);
  const most = struck + whole + brokenOff;
  assert.ok(
    kernels >= least && kernels <= most,
    `${kernels} more kernels are in the log; ${least} to ${most} were to be`,
  );
}

const sum = (tally: Tally): number => [...tally.values()].reduce((total, count) => total + count, 0);

async function within<T>(ms: number, promise: Promise<T>, doing: () => string): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`left hanging for ${ms} ms: ${doing()}`)), ms);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** A node that is stopped leaves nothing behind. */
async function lastRites(node: Node): Promise<void> {
  assert.equal(await node.solo.stop(), 0, "after all that, it stops as ordered");
  assert.deepEqual(node.remaining(), [], "no process of it is left");
  const files = readdirSync(node.solo.dataDir, { recursive: true, withFileTypes: true });
  const sockets = files.filter((file) => file.isSocket()).map(({ name }) => name);
  assert.deepEqual(sockets, [], "no socket of it is left");
}

function lastWords({ solo }: Node): string {
  const lines = `${solo.stderr}\n${solo.processLog}`.trim().split("\n");
  return lines.slice(-30).join("\n");
}
