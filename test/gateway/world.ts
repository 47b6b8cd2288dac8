/**
 * A Solo without processes: the real decider, turns, event log, service logs and builder behind the gateways' ports, and a
 * host that runs services inside this process. What the gateways are tested over.
 */
import { createHash } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { transformSync } from "rolldown/utils";
import {
  cellNumber,
  defined,
  eventId,
  isRefusal,
  kernelEpoch,
  parseReleaseId,
  parseTenantId,
  refuse,
  type Death,
  type IncarnationNumber,
  type Refusal,
  type ServiceId,
  type TenantId,
} from "../../src/base/index.ts";
import { explain } from "../../src/builder/explain.ts";
import { makeFingerprint } from "../../src/daemon/fingerprint.ts";
import { Replays } from "../../src/daemon/state-at.ts";
import { after } from "../../src/daemon/timer.ts";
import { verify, verifyEnd } from "../../src/daemon/verify.ts";
import {
  provideIdentity,
  type Events,
  type Identity,
  type Inspection,
  type Ports,
  type Router,
} from "../../src/gateways/index.ts";
import { Clock, eventVersions, initialState, Settling, Turns, type Effect } from "../../src/kernel/index.ts";
import { ServiceLogs } from "../../src/observe/index.ts";
import { openEventLog, type EventLog } from "../../src/store/index.ts";

type Methods = Record<string, (...args: unknown[]) => unknown>;
type Start = Extract<Effect, { readonly type: "start" }>;

interface Life {
  readonly start: Start;
  readonly object: Methods;
}

export interface World extends AsyncDisposable {
  readonly dir: string;
  readonly ports: Ports;
  readonly log: EventLog;
  readonly turns: Turns;
  readonly identity: Identity;
  /** Changes what the node says of itself. */
  readonly node: {
    readOnly: Refusal | undefined;
    sandbox: readonly string[];
    shutdowns: string[];
    inspection: Inspection;
  };
  /** What the builder says instead of compiling, while it is set. */
  readonly builder: { refuses: Refusal | undefined };
  /** Ends an incarnation from outside, as a cell would report it. */
  readonly end: (tenant: TenantId, service: string, death: Death) => Promise<void>;
  /** Writes a line to a service's log. */
  readonly say: (tenant: TenantId, service: string, text: string, level?: "ERROR" | "WARN" | "INFO" | "DEBUG") => void;
  readonly createTenant: (name: string) => Promise<TenantId>;
}

const allIsWell: Inspection = {
  boot: "boot-1",
  osPid: process.pid,
  runtime: { node: process.versions.node },
  sandbox: { tier: "bubblewrap", layers: [{ layer: "files", active: true }], passedOver: [] },
  settings: { monitorIntervalMs: 5_000 },
  cellRssBytesMax: { user: 2 ** 30, system: 2 ** 31 },
  servicesPerCellMax: 500,
  isBuilderUp: true,
  cells: [],
  pressing: [],
};

export async function makeWorld(t: TestContext): Promise<World> {
  const dir = mkdtempSync(join(tmpdir(), "solo-gateway-"));
  const opened = await openEventLog({ dir, boot: "boot-1", epoch: kernelEpoch(1), versions: eventVersions });
  if (isRefusal(opened)) throw new Error(opened.refused);
  const log: EventLog = opened;
  const state = initialState();
  const clock = new Clock({ wallMs: Date.now, monotonicMs: () => performance.now() }, log.timestamp);
  const logs = new ServiceLogs(join(dir, "log"));
  const settling = new Settling({ state, newest: () => log.newest, whenDurable: (id) => log.whenDurable(id) });
  /** By tenant and incarnation: each tenant counts its own. */
  const lives = new Map<string, Life>();
  const keyOf = (at: { readonly tenant: TenantId; readonly incarnation: IncarnationNumber }): string =>
    `${at.tenant} ${at.incarnation}`;
  const node: World["node"] = { readOnly: undefined, sandbox: [], shutdowns: [], inspection: allIsWell };
  const builder: World["builder"] = { refuses: undefined };
  const turns = new Turns({
    state,
    log,
    clock,
    after,
    carryOut: (effect) => void carryOut(effect),
    evolved: (events) => settling.evolved(events),
  });

  async function carryOut(effect: Effect): Promise<void> {
    switch (effect.type) {
      case "start":
        return start(effect);
      case "stop": {
        if (!lives.delete(keyOf(effect))) return;
        const { tenant, incarnation, death } = effect;
        return turns.submit({ type: "ended", tenant, incarnation, death, started: true });
      }
      case "retire_tenant":
        await turns.submit({ type: "retired", tenant: effect.tenant, through: log.newest, count: 0 });
    }
  }

  async function start(effect: Start): Promise<void> {
    const { tenant, incarnation, release, service, instance } = effect;
    const code = await log.getArtifact(tenant, release.compiled);
    if (isRefusal(code)) throw new Error(code.refused);
    const whose = { tenant, service };
    const write = (text: string): void =>
      logs.record(whose, { atMs: Date.now(), level: "INFO", text, incarnation, instance, dropped: 0 });
    try {
      const text = `${Buffer.from(code).toString()}\n//${incarnation}-${performance.now()}`;
      const module = (await import(`data:text/javascript,${encodeURIComponent(text)}`)) as {
        readonly default: new () => Methods;
      };
      const object = Object.assign(new module.default(), { log: write }) as unknown as Methods;
      await object["init"]?.();
      lives.set(keyOf(effect), { start: effect, object });
      await turns.submit({ type: "started", tenant, incarnation, cell: cellNumber(1), tookMs: 1 });
    } catch (error) {
      const { name, message, stack } = error instanceof Error ? error : new Error(String(error));
      const death: Death = { type: "crashed", where: "init", error: { name, message, stack: stack ?? "" } };
      await turns.submit({ type: "ended", tenant, incarnation, death, started: false });
    }
  }

  const lifeOf = (tenant: TenantId, service: string): Life | undefined =>
    [...lives.values()].find((life) => life.start.tenant === tenant && life.start.service === service);

  const { booted, identity } = await boot();
  async function boot(): Promise<{ booted: Promise<void>; identity: Identity }> {
    const taken = turns.submit({
      type: "booted",
      epoch: kernelEpoch(1),
      boot: "boot-1",
      version: "test",
      survivors: [],
    });
    const provided = await provideIdentity(dir, { now: Date.now });
    if (isRefusal(provided)) throw new Error(provided.refused);
    return { booted: taken, identity: provided };
  }
  await booted;
  turns.begin();

  const ports: Ports = {
    command: (order) => turns.command({ type: "command", ...order }),
    settled: (at, signal) => settling.settled(at, signal),
    isActive: (tenant) => state.tenants.get(tenant)?.phase === "active",
    bornAt: (name) => {
      const tenant = state.tenants.get(name);
      return tenant === undefined ? undefined : { at: tenant.createdAt, by: tenant.createdBy };
    },
    read: (look) => turns.read((seen) => look(seen, clock.now())),
    builder: {
      compile: async ({ file, format, source }) => {
        if (builder.refuses !== undefined) return builder.refuses;
        // The builder's own parts, without its process: what the engine says of a source is tested with the builder.
        const text = Buffer.from(source).toString();
        const lang = format === "typescript" ? "ts" : "js";
        const built = transformSync(file, text, { lang, sourceType: "module", sourcemap: true, tsconfig: false });
        if (built.errors.length > 0) return { rejected: explain({ file, text }, lang).syntax };
        return { code: Buffer.from(built.code), sourceMap: Buffer.from(JSON.stringify(built.map)), warnings: [] };
      },
    },
    artifacts: {
      hold: (tenant) => log.holdArtifacts(tenant),
      releaseId: (record) => defined(parseReleaseId(sha256([JSON.stringify(record)])), "a release id"),
      fingerprint: makeFingerprint(identity.secretFor("request fingerprints")),
    },
    router: routerOf(lifeOf),
    conditions: () => ({ excesses: [] }),
    history: () => [],
    usage: async (tenant) =>
      new Map(
        [...lives.values()]
          .filter(({ start: at }) => at.tenant === tenant)
          .map(({ start: at }) => [at.incarnation, { memoryBytes: 1_000_000, mailboxLength: 2, cpuMicros: 300 }]),
      ),
    isHeld: (tenant, incarnation) => lives.has(keyOf({ tenant, incarnation })),
    logs: {
      tail: (whose, lines) => logs.tail(whose, lines),
      follow: (whose, listener) => logs.follow(whose, listener),
    },
    events: eventsOf(log),
    certificates: identity,
    node: {
      shutdown: async (why) => {
        node.shutdowns.push(why);
        return { tookMs: 1_500, outcome: "clean" };
      },
      get sandbox() {
        return node.sandbox;
      },
      readOnly: () => node.readOnly,
      inspect: () => node.inspection,
      version: "test",
      epoch: 1,
      startedAtMs: Date.now(),
      now: Date.now,
    },
  };

  const world: World = {
    dir,
    ports,
    log,
    turns,
    identity,
    node,
    builder,
    end: async (tenant, service, death) => {
      const life = defined(lifeOf(tenant, service), service);
      lives.delete(keyOf(life.start));
      await turns.submit({ type: "ended", tenant, incarnation: life.start.incarnation, death, started: true });
    },
    say: (tenant, service, text, level = "INFO") => {
      const { start: at } = defined(lifeOf(tenant, service), service);
      const { incarnation, instance } = at;
      logs.record(
        { tenant, service: at.service },
        { atMs: Date.now(), level, text, incarnation, instance, dropped: 0 },
      );
    },
    createTenant: async (name) => {
      const tenant = defined(parseTenantId(name), "a tenant's name");
      const principal = { role: "admin", name: "admin" } as const;
      const reply = await ports.command({ principal, command: { type: "create_tenant", tenant } });
      if (isRefusal(reply)) throw new Error(reply.refused);
      return tenant;
    },
    [Symbol.asyncDispose]: async () => {
      turns[Symbol.dispose]();
      await logs[Symbol.asyncDispose]();
      await log.close();
      rmSync(dir, { recursive: true, force: true });
    },
  };
  t.after(() => world[Symbol.asyncDispose]());
  await world.createTenant("default");
  return world;
}

function routerOf(lifeOf: (tenant: TenantId, service: ServiceId) => Life | undefined): Router {
  return {
    call: async ({ tenant, service, method }, args) => {
      const life = lifeOf(tenant, service);
      if (life === undefined) return { refusal: refuse("SERVICE_NOT_FOUND", { service }), executed: "not_executed" };
      const run = life.object[method];
      if (run === undefined) {
        return { refusal: refuse("METHOD_NOT_FOUND", { service, method }), executed: "not_executed" };
      }
      try {
        const result: unknown = await run.apply(life.object, JSON.parse(Buffer.from(args).toString()) as unknown[]);
        return { result: Buffer.from(result === undefined ? "" : JSON.stringify(result)) };
      } catch (error) {
        const { name, message, stack = "" } = error as Error;
        return { refusal: refuse("CALL_FAILED", { service, method, name, message }), executed: "executed", stack };
      }
    },
    cast: async ({ tenant, service, method }, args) => {
      const life = lifeOf(tenant, service);
      if (life === undefined) return { refusal: refuse("SERVICE_NOT_FOUND", { service }), executed: "not_executed" };
      void life.object[method]?.apply(life.object, JSON.parse(Buffer.from(args).toString()) as unknown[]);
      return undefined;
    },
  };
}

function eventsOf(log: EventLog): Events {
  const replays = new Replays(log);
  return {
    query: (query) => {
      const { tenant, types, subject, cursor, newestFirst, limit } = query;
      return log.query({
        ...(tenant === undefined ? {} : { tenant }),
        ...(types === undefined ? {} : { types }),
        ...(subject === undefined ? {} : { subject }),
        ...(query.since === undefined ? {} : { since: query.since }),
        ...(cursor === undefined ? {} : newestFirst ? { before: cursor } : { after: cursor }),
        newestFirst,
        limit,
      });
    },
    follow: (listener) => log.onCommitted((events) => events.forEach(listener)),
    verify: (expect) => verify(log, { expect }),
    verifyEnd: (countMax, signal) => verifyEnd(log, countMax, signal),
    stateAt: (at, signal) => replays.stateAt(at, signal),
    observe: (seen) => log.observe(seen, Date.now()),
    sequenceOf: async (tenant, ids) => {
      const found = new Map<(typeof ids)[number], number>();
      for (const id of ids) {
        const page = await log.query({ after: id - 1, before: id + 1, limit: 1 });
        const [event] = isRefusal(page) ? [] : page.events;
        if (event?.tenant === tenant && event.tenantSequence !== undefined)
          found.set(eventId(id), event.tenantSequence);
      }
      return found;
    },
  };
}

function sha256(parts: readonly (string | Uint8Array)[]): string {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(part);
  return hash.digest("hex");
}
