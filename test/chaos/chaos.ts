/**
 * Chaos: all that may happen to a node, at random and at once. Some deploy, call and kill and write down what was acknowledged;
 * some attack; somebody kills cells, the kernel and the builder with -9; and some work in peace, whose availability is what
 * counts. At the end everything that was acknowledged is looked for, and nothing of the node may be left.
 */
import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { Striker, type Victim } from "../crash/blows.ts";
import { check, type Checked } from "../crash/checks.ts";
import { Ledger } from "../crash/ledger.ts";
import { Node } from "../crash/node.ts";
import { Random } from "../crash/random.ts";
import { Worker, type Tally } from "../crash/worker.ts";
import { until } from "../e2e/solo.ts";
import { attacksIn } from "../escape/harness.ts";
import { roomsOfTests } from "../rooms.ts";
import { Attacker } from "./attackers.ts";
import { Calm, manners, sayAvailability } from "./calm.ts";
import { Calmness, type Growth } from "./calmness.ts";
import { mountsOf } from "./mounts.ts";
import { residentOf, type Sample, slopeOf } from "./resident.ts";

export interface ChaosOptions {
  readonly minutes: number;
  readonly seed: number;
  readonly say: (line: string) => void;
}

const workTenants = ["red", "green"] as const;
const calmTenants = ["calm-1", "calm-2", "calm-3"] as const;
const attackersCount = 2;
/** From the end of the load to the last answer; a client that waits longer was left hanging. */
const settleMsMax = 120_000;
const blowMs = { min: 500, max: 4_000 } as const;

/** A run of so long shows whether memory grows: shorter ones are still filling what is meant to be filled. */
const slopeMinutesMin = 10;
/** init holds what lives now, and nothing of what was; its memory moves a little with its garbage. */
const initSlopeMax = 2;
/** What a kernel in calm may hold beyond the first one, whatever came and went meanwhile. */
const kernelGrowthBytesMax = 100 * 1024 ** 2;

/** Throws at the first thing that is not as it must be, with what reproduces the choices that led there. */
export async function chaos({ minutes, seed, say }: ChaosOptions): Promise<void> {
  const random = new Random(seed);
  const tally: Tally = new Map();
  const attacks = (await attacksIn("attacks")).filter(({ slow }) => slow !== true);
  await using node = await Node.start();
  const { initPid } = node.solo;
  for (const tenant of workTenants) await node.addTenant(tenant);
  const workers = workTenants.map(
    (tenant) => new Worker({ node, tenant, name: `${tenant}-1`, random: random.fork(), tally }),
  );
  const calm = calmTenants.map((tenant) => new Calm(node, tenant));
  for (const one of calm) await one.begin();
  // At the end they are connected too.
  for (const tenant of workTenants) await node.client(tenant).list({});
  const calmness = await Calmness.of(node, calm.length);
  const attackers = Array.from(
    { length: attackersCount },
    (_, n) => new Attacker({ node, random: random.fork(), attacks, name: `wild-${n + 1}` }),
  );
  const striker = new Striker(node, random.fork());
  const wild = (tenant: string): boolean => tenant.startsWith("wild-");
  const all: Checked = { node, workers, striker, ledger: new Ledger(), wild, checkpoint: undefined };
  const memory = new Memory(node);
  try {
    const endsAt = performance.now() + minutes * 60_000;
    let stopped = false;
    const over = (): boolean => stopped || performance.now() >= endsAt;
    const working = Promise.all([...workers, ...calm, ...attackers].map((one) => one.run(over)));
    working.catch(() => (stopped = true));
    const blows = await strike(striker, random.fork(), over);
    await within(settleMsMax, working);
    await check(all);
    succession(all);
    for (const manner of manners) say(sayAvailability(manner, calm, all.ledger, striker));
    const struck = (["cell", "kernel", "builder"] as const).map((victim) => `${victim} ${striker.strokes(victim)}`);
    say(
      `${blows} blows (${struck.join(", ")}; met nobody: ${striker.missed}), ` +
        `${attackers.reduce((sum, { made }) => sum + made, 0)} attacks; the log: ${all.ledger.summary}`,
    );
    say(memory.summary);
    for (const tenantId of workTenants) await node.client("admin").deleteTenant({ tenantId });
    const { said, growth } = await calmness.compare(calm.length);
    say(`in calm: ${said}; mounts of its jails: ${mountsOf([node.solo.dataDir, roomsOfTests()]).length}`);
    if (minutes >= slopeMinutesMin) expectFlat(memory, growth);
  } catch (error) {
    say(`what the node wrote last:\n${node.solo.processLog.trim().split("\n").slice(-30).join("\n")}`);
    throw new Error(`chaos failed; the same choices: npm run chaos -- --minutes ${minutes} --seed ${seed}`, {
      cause: error,
    });
  } finally {
    memory[Symbol.dispose]();
  }
  await lastRites(node, initPid);
}

/** Blow after blow, never more ends of a kernel than init bears. */
async function strike(striker: Striker, random: Random, over: () => boolean): Promise<number> {
  let blows = 0;
  while (!over()) {
    const drawn: Victim = random.weighed({ cell: 6, kernel: 2, builder: 1 });
    const victim = drawn === "kernel" && striker.kernelEndsLeft === 0 ? "cell" : drawn;
    const afterMs = random.whole(blowMs.min, blowMs.max);
    await striker.strike({ blows: [{ victim, afterMs }], interruptions: [], thenMs: 0 });
    blows += 1;
  }
  return blows;
}

/** Kernels come one after the other because they were struck, and for no other reason; the node is never started again. */
function succession({ ledger, striker }: Checked): void {
  const [successors, struck] = [ledger.kernels - 1, striker.strokes("kernel")];
  assert.equal(ledger.boots, 1, "the node was started once");
  // One that was struck before it wrote its first event is not in the log.
  assert.ok(successors <= struck, `${successors} kernels followed the first, of which ${struck} were struck`);
  assert.ok(struck === 0 || successors > 0, `${struck} kernels were struck, and none followed`);
}

function expectFlat(memory: Memory, growth: Growth): void {
  const slope = memory.initSlope;
  assert.ok(slope < initSlopeMax, `init grows by ${slope.toFixed(1)} MB a minute`);
  const grown = growth.kernel;
  assert.ok(
    grown < kernelGrowthBytesMax,
    `the kernel holds ${Math.round(grown / 1024 ** 2)} MB more than the first one`,
  );
}

class Memory implements Disposable {
  readonly #timer: NodeJS.Timeout;
  readonly #init: Sample[] = [];
  readonly #all: Sample[] = [];

  constructor(node: Node) {
    this.#timer = setInterval(() => {
      const atMs = performance.now();
      this.#init.push({ atMs, bytes: residentOf([node.solo.initPid]) });
      this.#all.push({ atMs, bytes: residentOf(node.everything()) });
    }, 500);
  }

  /** MB a minute. */
  get initSlope(): number {
    return slopeOf(this.#init);
  }

  get summary(): string {
    const say = (samples: readonly Sample[]): string =>
      `${Math.round((samples.at(-1)?.bytes ?? 0) / 1024 ** 2)} MB, ${slopeOf(samples).toFixed(1)} MB a minute`;
    return `resident memory at the end, and its slope: init ${say(this.#init)}; all processes ${say(this.#all)}`;
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }
}

async function within<T>(ms: number, promise: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`somebody was left hanging for ${ms} ms`)), ms);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** A node that is stopped leaves nothing behind. */
async function lastRites(node: Node, initPid: number): Promise<void> {
  assert.equal(await node.solo.stop(), 0, "after all that, it stops as ordered");
  const left = (): readonly number[] => [...node.remaining(), ...node.solo.left()];
  // What a jail held ends a moment after the jail.
  await until("the end of all its processes", () => left().length === 0).catch(() =>
    assert.fail(`processes of it are left: ${left().join(", ")}`),
  );
  const files = readdirSync(node.solo.dataDir, { recursive: true, withFileTypes: true });
  assert.deepEqual(
    files.filter((file) => file.isSocket()).map(({ name }) => name),
    [],
    "no socket of it is left",
  );
  assert.deepEqual(mountsOf([node.solo.dataDir, roomsOfTests()]), [], "no mount of it is left, in any namespace");
  const groups = readFileSync("/proc/self/mountinfo", "utf8")
    .split("\n")
    .filter((line) => / - cgroup2? /.test(line))
    .map((line) => line.split(" ")[4] ?? "")
    .filter((point) => existsSync(point))
    .flatMap((point) => readdirSync(point).filter((name) => name.startsWith(`solo.${initPid}.`)));
  assert.deepEqual(groups, [], "no control group of it is left");
}
