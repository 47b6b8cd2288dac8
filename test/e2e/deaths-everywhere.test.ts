/**
 * Every way to end, told everywhere: in Status, by Watch, in List, in the log and by `solo why`, with the same true reason.
 * Cells run an image whose process does what one that was broken out of would do, when a tenant is named for it.
 */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { setTimeout as wait } from "node:timers/promises";
import {
  Status_Value,
  type Death,
  type ResourceLimits,
  type ServiceInfo,
  type StatusChange,
  type StatusResponse,
} from "../../src/api/index.ts";
import { provideImage } from "../../src/builder/image.ts";
import type { SoloClient } from "../../src/client/index.ts";
import { Workplace } from "../cli/harness.ts";
import { onlyLinux } from "../sandbox/tiers.ts";
import { service } from "./asking.ts";
import { Solo, until } from "./solo.ts";

const place = mkdtempSync(join(tmpdir(), "solo-deaths-everywhere-"));
const root = join(import.meta.dirname, "..", "..");
const patienceMs = 60_000;
const testMsMax = 180_000;
const mebibyte = 1024n * 1024n;

let solo: Solo;
let admin: SoloClient;
let people: Workplace;

before(async () => {
  const fixtures = join(root, "test", "escape", "fixtures");
  const { path } = await provideImage({
    into: place,
    sources: {
      cell: join(fixtures, "hostile-main.ts"),
      prelude: join(root, "src", "guest", "prelude.ts"),
      folders: [fixtures, ...["base", "cell", "guest", "wire"].map((room) => join(root, "src", room))],
    },
  });
  // What one tenant may have is looked at often, and is no bound here: the cells' own is meant. Nor is it asked here how late
  // this machine is by itself.
  solo = await Solo.start({
    args: ["--image", path],
    config: { monitor_interval_ms: 100, tenant_memory_max_mb: 65_536, event_loop_delay_ms_max: 60_000 },
  });
  admin = await solo.client("admin");
  people = new Workplace();
});
after(async () => {
  await people?.[Symbol.asyncDispose]();
  await solo?.[Symbol.asyncDispose]();
  rmSync(place, { recursive: true, force: true });
});

type Limits = Partial<
  Pick<ResourceLimits, "cpuTimeMs" | "startupTimeoutMs" | "messageQueueLimit" | "maxMemoryBytes" | "maxProcesses">
>;

interface At {
  readonly tenantId: string;
  readonly serviceId: string;
}

/** What they said of one moment. */
interface Asked {
  readonly status: StatusResponse;
  readonly info: ServiceInfo;
  readonly said: string;
}

/** A way to end. */
interface Ending {
  readonly name: string;
  readonly type: string;
  readonly summary: RegExp;
  /** What becomes of the service, and the event that has its death. */
  readonly comesTo: "restart" | "failure" | "stop";
  /** Members of its class; `attack` is called. */
  readonly members: string;
  readonly limits?: Limits;
  /** In place of that. */
  readonly provoke?: (at: At) => Promise<unknown>;
}

const attack = ({ tenantId, serviceId }: At): Promise<unknown> =>
  admin
    .call({ tenantId, serviceId, method: "attack", timeoutMs: patienceMs }, { timeoutMs: patienceMs, retryForMs: 0 })
    .catch(() => undefined);

const within: readonly Ending[] = [
  {
    name: "a crash in a handler",
    type: "crashed",
    summary: /^crashed in message: RangeError: too wide$/,
    comesTo: "restart",
    members: `attack() { throw new RangeError("too wide"); }`,
  },
  {
    name: "a crash in a timer",
    type: "crashed",
    summary: /^crashed in timer: Error: tick$/,
    comesTo: "restart",
    members: `attack() { setTimeout(() => { throw new Error("tick"); }, 1); }`,
  },
  {
    name: "an unhandled rejection",
    type: "crashed",
    summary: /^crashed in rejection: Error: lonely$/,
    comesTo: "restart",
    members: `attack() { void Promise.reject(new Error("lonely")); }`,
  },
  {
    name: "a crash in init",
    type: "crashed",
    summary: /^crashed in init: TypeError: no$/,
    comesTo: "failure",
    members: `init() { throw new TypeError("no"); }`,
  },
  {
    name: "a startup timeout",
    type: "startup_timeout",
    summary: /^startup timeout: init did not finish within 300 ms$/,
    comesTo: "failure",
    members: `init() { return new Promise(() => {}); }`,
    limits: { startupTimeoutMs: 300 },
  },
  {
    name: "a CPU timeout",
    type: "cpu_timeout",
    summary: /^CPU timeout: one message ran longer than 100 ms in attack$/,
    comesTo: "restart",
    members: `attack() { for (;;) {} }`,
    limits: { cpuTimeMs: 100 },
  },
  {
    name: "an isolate out of memory",
    type: "out_of_memory",
    summary: /^out of memory \(limit 33554432 bytes\)$/,
    comesTo: "restart",
    members: `attack() { const all = []; for (;;) all.push(new Array(10_000).fill(1.5)); }`,
    limits: { maxMemoryBytes: 32n * mebibyte, cpuTimeMs: 20_000 },
  },
  {
    name: "a mailbox overflow",
    type: "mailbox_overflow",
    summary: /^mailbox overflow \(limit 5 messages\)$/,
    comesTo: "restart",
    members: `hang() { return new Promise(() => {}); }`,
    limits: { messageQueueLimit: 5 },
    provoke: async (at) => {
      const one = async (): Promise<void> => void (await admin.cast({ ...at, method: "hang" }).catch(() => undefined));
      for (let i = 0; i < 6; i++) await one();
      // One that was refused, or came while another service of the cell was ending, does not count.
      await until("it to overflow", async () => {
        if ((await admin.status(at)).deaths.length > 0) return true;
        await wait(1_000);
        if ((await admin.status(at)).deaths.length === 0) await one();
        return false;
      });
    },
  },
  {
    name: "a kill",
    type: "killed",
    summary: /^killed by admin$/,
    comesTo: "stop",
    members: `ping() {}`,
    provoke: (at) => admin.kill(at),
  },
];

describe("the end of one service is told everywhere:", { concurrency: 3 }, () => {
  for (const ending of within) {
    test(ending.name, { timeout: testMsMax }, async () => {
      await provideTenant("within");
      const at = { tenantId: "within", serviceId: ending.name.replaceAll(" ", "-") };
      await toldEverywhere(at, ending, await live(at, ending));
    });
  }

  test("how many times it started again, and when it will next", async () => {
    await provideTenant("within");
    const at = { tenantId: "within", serviceId: "looper" };
    await admin.deploy({
      ...at,
      code: service(`init() { this.after(1, "crash"); }\n  onMessage() { throw new Error("again"); }`),
      supervision: { maxRestarts: 20, withinMs: 100_000 },
    });
    const changes = follow(at, (seen) => seen.length > 100);
    // Each wait is longer than the one before, so that there comes one in which everybody can be asked.
    let asked: Asked | undefined;
    await until(
      "a wait that lasts until everybody was asked",
      async () => {
        const status = await admin.status(at);
        if (status.nextRestartMs < BigInt(Date.now() + 1_000)) return false;
        asked = { status, info: await infoOf(at), said: await why(at) };
        return BigInt(Date.now()) < status.nextRestartMs;
      },
      patienceMs,
    );
    assert.ok(asked !== undefined);
    const { info, said } = asked;
    const { nextRestartMs, restartCount } = asked.status;
    assert.deepEqual([info.nextRestartMs, info.restartCount], [nextRestartMs, restartCount]);
    assert.equal(info.lastDeath?.summary, "crashed in timer: Error: again");
    assert.match(said, new RegExp(`${restartCount} restarts since it was deployed`));
    assert.match(said, /starts again at \S+, in \d+ /);
    const { events } = await admin.queryEvents({
      filter: { tenantId: "within", subject: "looper", eventTypes: ["service_restart_scheduled"] },
      limit: 1_000,
    });
    assert.ok(events.some(({ payload }) => payload?.["at"] === Number(nextRestartMs)));
    await until("it to be seen by who watches", () =>
      changes.seen.some((change) => change.nextRestartMs === nextRestartMs),
    );
    await changes.leave();
    await admin.kill({ ...at, force: true });
  });
});

const cellOf = (deed: string, type: Pick<Ending, "name" | "summary">): Ending & { readonly tenantId: string } => ({
  ...type,
  tenantId: deed,
  type: "cell_lost",
  comesTo: "restart",
  members: `spin() { for (;;) {} }\n  attack() {}`,
  limits: { cpuTimeMs: 60_000 },
  // Its process does it while it is at work.
  provoke: async (at) => {
    await admin.cast({ ...at, method: "spin" });
    await until("it to be at work", async () => ((await admin.status(at)).currentUsage?.messageQueueLen ?? 0) > 0);
    await attack(at);
  },
});

const whole: readonly (Ending & { readonly tenantId: string; readonly skip?: false | string })[] = [
  cellOf("process-aborts", {
    name: "an abort of the engine",
    summary: /^cell lost while it was at work: ended by SIGABRT/,
  }),
  {
    ...cellOf("process-forbidden-call", {
      name: "a system call that the sandbox forbids",
      summary: /^cell lost while it was at work: sandbox violation: ended at a forbidden system call \(SIGSYS\)/,
    }),
    skip: onlyLinux,
  },
  cellOf("process-spins", {
    name: "a hang of its process",
    summary: /^cell lost while it was at work: killed after \d+ ms without a heartbeat while it burned CPU/,
  }),
  {
    ...cellOf("glutton", {
      name: "a cell out of memory",
      summary: /^cell lost while it was at work: out of memory: its process had \d{10} bytes \(limit 1073741824\)$/,
    }),
    // At work for longer than the end of a cell takes to be seen: a shorter turn is a suspicion.
    members: `attack() {
      for (const end = Date.now() + 1_000; Date.now() < end; );
      const all = [];
      for (;;) all.push(new Uint8Array(16 * 1024 * 1024).fill(1));
    }`,
    limits: { maxMemoryBytes: 8_192n * mebibyte, cpuTimeMs: 60_000 },
    provoke: attack,
  },
];

describe("the end of a whole cell is told everywhere, and to whom it was done by whom:", { concurrency: 2 }, () => {
  for (const ending of whole) {
    test(ending.name, { skip: ending.skip ?? false, timeout: testMsMax }, async () => {
      const { tenantId } = ending;
      await provideTenant(tenantId);
      const [culprit, victim] = [
        { tenantId, serviceId: "culprit" },
        { tenantId, serviceId: "victim" },
      ];
      const collateral: Ending = {
        ...ending,
        summary: new RegExp(ending.summary.source.replace(" while it was at work", ", brought down by culprit")),
        members: `ping() { return "pong"; }`,
        provoke: async () => undefined,
      };
      const suffered = await live(victim, collateral);
      await toldEverywhere(culprit, ending, await live(culprit, ending));
      await toldEverywhere(victim, collateral, suffered);
      await admin.deleteTenant({ tenantId });
    });
  }
});

test("the end of a service whose thread hangs in native code is told everywhere", async () => {
  await provideTenant("native");
  const at = { tenantId: "native", serviceId: "searcher" };
  const ending: Ending = {
    name: "native code that nobody can interrupt",
    type: "cpu_timeout",
    summary: /^CPU timeout: one message ran longer than 1200 ms in attack$/,
    comesTo: "restart",
    members: `attack() { return Array.prototype.indexOf.call({ length: 2 ** 53 - 1 }, 1); }`,
    // More than others have: it is never given the cell's own thread.
    limits: { cpuTimeMs: 1_200 },
  };
  await toldEverywhere(at, ending, await live(at, ending));
  // Its thread goes on until its cell ends.
  await admin.deleteTenant({ tenantId: "native" });
});

// ------------------------------------------------------------------ living

const tenants = new Map<string, Promise<unknown>>();

function provideTenant(tenantId: string): Promise<unknown> {
  const made = tenants.get(tenantId) ?? admin.createTenant({ tenantId });
  tenants.set(tenantId, made);
  return made;
}

/** Deploys it, watches it, and brings its end about. What was seen of that is told when there is enough of it. */
async function live(at: At, ending: Ending): Promise<Following> {
  const harmless = service("ping() {}");
  const fails = ending.comesTo === "failure";
  const resourceLimits = ending.limits ?? {};
  const deploy = (code: Buffer): Promise<unknown> => admin.deploy({ ...at, code, resourceLimits });
  await deploy(fails ? harmless : service(ending.members));
  if (fails) await admin.kill(at);
  const following = follow(at, (seen) => {
    const death = seen.findIndex((change) => change.death?.type === ending.type);
    if (death < 0) return false;
    return ending.comesTo !== "restart" || seen.slice(death).some(({ reason }) => reason === "restarted");
  });
  await until("where it stands", () => following.seen.length > 0);
  if (fails) await deploy(service(ending.members)).catch(() => undefined);
  else await (ending.provoke ?? attack)(at);
  return following;
}

interface Following {
  readonly seen: readonly StatusChange[];
  /** Resolves when enough was seen. */
  readonly enough: Promise<unknown>;
  readonly leave: () => Promise<unknown>;
}

function follow(at: At, enough: (seen: readonly StatusChange[]) => boolean): Following {
  const stream = admin.watch(at);
  const seen: StatusChange[] = [];
  const reading = (async () => {
    for await (const { event } of stream) {
      if (event.case !== "statusChange") continue;
      seen.push(event.value);
      if (enough(seen)) return;
    }
  })();
  return { seen, enough: reading, leave: () => stream.return(undefined) };
}

async function infoOf({ tenantId, serviceId }: At): Promise<ServiceInfo> {
  const { services } = await admin.list({ tenantId });
  const info = services.find((one) => one.serviceId === serviceId);
  assert.ok(info !== undefined, `${serviceId} is listed`);
  return info;
}

async function why({ tenantId, serviceId }: At): Promise<string> {
  const who = ["--data-dir", solo.dataDir, "--as", "admin", "--tenant", tenantId];
  const { code, stdout, stderr } = await people.solo("why", serviceId, ...who);
  assert.equal(code, 0, stderr);
  return stdout;
}

// ------------------------------------------------------------------ told

const outcomes = {
  restart: { status: Status_Value.RUNNING, events: ["service_crashed"] },
  failure: { status: Status_Value.ERROR, events: ["service_deployment_failed"] },
  stop: { status: Status_Value.STOPPED, events: ["instance_stopped"] },
} as const;

async function toldEverywhere(at: At, ending: Ending, following: Following): Promise<void> {
  await following.enough;
  const outcome = outcomes[ending.comesTo];
  const ended = ({ status, deaths }: StatusResponse): boolean => status === outcome.status && deaths.length > 0;
  let status = await admin.status(at);
  await until(
    `the end of ${at.serviceId}`,
    async () => {
      status = await admin.status(at);
      return ended(status);
    },
    patienceMs,
  );

  // Status
  const [death] = status.deaths;
  assert.ok(death !== undefined);
  isIt(death, ending);
  assert.deepEqual(status.errors, [death.summary]);
  assert.equal(status.restartCount, ending.comesTo === "restart" ? 1 : 0);
  assert.equal(status.nextRestartMs, 0n);
  if (ending.comesTo !== "restart") assert.equal(status.reason, death.summary);

  // the event
  const { tenantId, serviceId: subject } = at;
  const filter = { tenantId, subject, eventTypes: [...outcome.events] };
  const { events } = await admin.queryEvents({ filter, limit: 100 });
  const event = events.find(({ id }) => id === death.eventId);
  assert.deepEqual(event?.payload?.["death"], { type: death.type, ...death.detail });

  // Watch
  const change = following.seen.find(({ eventId }) => eventId === death.eventId);
  assert.ok(change?.death !== undefined, "it was seen");
  isIt(change.death, ending);
  assert.equal(change.reason, death.summary);
  assert.deepEqual(change.death.detail, death.detail);

  // List
  const info = await infoOf(at);
  assert.ok(info.lastDeath !== undefined);
  assert.equal(info.lastDeath.type, death.type);
  assert.equal(info.lastDeath.summary, death.summary.slice(0, 300));
  assert.deepEqual(
    [info.status, info.restartCount, info.nextRestartMs, info.reason],
    [status.status, status.restartCount, 0n, ending.comesTo === "restart" ? "" : death.summary],
  );

  // solo why
  const said = await why(at);
  assert.match(said, new RegExp(ending.summary.source.replace(/^\^/, "").replace(/\$$/, "")));
  assert.ok(said.includes(death.remedy), said);
}

function isIt({ type, summary, remedy }: Death, ending: Ending): void {
  assert.equal(type, ending.type, summary);
  assert.match(summary, ending.summary);
  assert.notEqual(remedy, "");
}
