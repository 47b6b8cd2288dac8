/** Makes the gateways' ports out of the kernel process's parts: each operation gets the narrowest power that serves it. */
import { createHash } from "node:crypto";
import {
  type EventId,
  instant,
  isRefusal,
  parseReleaseId,
  defined,
  type Refusal,
  type TenantId,
} from "../base/index.ts";
import type { EventQuery, Events, Identity, Ports } from "../gateways/index.ts";
import type { Builder, Cells, Router } from "../host/index.ts";
import { type Clock, current, type Settling, type Turns } from "../kernel/index.ts";
import type { ServiceLogs } from "../observe/index.ts";
import type { EventLog } from "../store/index.ts";
import { holdArtifacts } from "./artifact-hold.ts";
import { makeFingerprint } from "./fingerprint.ts";
import { inspect, type InspectedParts } from "./inspect.ts";
import type { Begin } from "./init-channel.ts";
import type { Resources } from "./resources.ts";
import { Replays } from "./state-at.ts";
import { verify, verifyEnd } from "./verify.ts";
import { version } from "./version.ts";

export interface PortsParts extends InspectedParts {
  readonly turns: Turns;
  readonly settling: Settling;
  readonly log: EventLog;
  readonly clock: Clock;
  readonly builder: Builder;
  readonly router: Router;
  readonly cells: Cells;
  readonly logs: ServiceLogs;
  readonly identity: Identity;
  readonly begin: Begin;
  readonly resources: Resources;
  /** Lets go of a tenant's artifacts that no release of it names. */
  readonly prune: (tenant: TenantId) => void;
  readonly readOnly: () => Refusal | undefined;
  readonly shutdown: Ports["node"]["shutdown"];
}

export function makePorts(parts: PortsParts): Ports {
  const { turns, settling, log, clock, builder, router, cells, logs, identity, begin } = parts;
  return {
    command: ({ command, ...order }) => {
      const within = command.type === "deploy" ? { ...command, quota: parts.resources.quota() } : command;
      return turns.command({ type: "command", ...order, command: within });
    },
    settled: (at, signal) => settling.settled(at, signal),
    isActive: (tenant) => turns.state.tenants.get(tenant)?.phase === "active",
    bornAt: (id) => {
      const tenant = turns.state.tenants.get(id);
      return tenant === undefined ? undefined : { at: tenant.createdAt, by: tenant.createdBy };
    },
    read: (look) => turns.read((state) => look(state, clock.now())),
    builder: {
      compile: ({ tenant, file, format, source }) => builder.compile({ scope: tenant, file, format, source }),
    },
    artifacts: {
      hold: (tenant) =>
        holdArtifacts(
          log,
          tenant,
          () => turns.state.tenants.has(tenant),
          () => parts.prune(tenant),
        ),
      releaseId: (record) => defined(parseReleaseId(sha256(canonical(record))), "a release id"),
      fingerprint: makeFingerprint(identity.secretFor("request fingerprints")),
    },
    router: {
      call: (at, args, timeoutMs, from, request) => router.call(at, args, timeoutMs, from, request),
      cast: (at, args, from) => router.cast(at, args, from),
    },
    usage: (tenant, incarnations) => cells.usage(tenant, incarnations),
    isHeld: (tenant, incarnation) => cells.holds(tenant, incarnation),
    conditions: (at) => parts.resources.conditions(at),
    history: ({ tenant, incarnation }) => parts.resources.history(tenant, incarnation),
    logs: {
      tail: (whose, lines) => logs.tail(whose, lines),
      follow: (whose, listener) => logs.follow(whose, listener),
    },
    events: eventsPort(log, clock),
    certificates: { issue: (wanted) => identity.issue(wanted), held: () => identity.held() },
    node: {
      shutdown: parts.shutdown,
      sandbox: begin.sandbox,
      readOnly: parts.readOnly,
      inspect: () => inspect(parts),
      version,
      epoch: begin.epoch,
      startedAtMs: clock.wallMs(),
      now: () => clock.wallMs(),
    },
  };
}

function eventsPort(log: EventLog, clock: Clock): Events {
  const replays = new Replays(log);
  return {
    query: async (query) => {
      const page = await log.query(storeQuery(query));
      if (isRefusal(page)) return page;
      return { ...page, events: page.events.map(current) };
    },
    follow: (listener) => log.onCommitted((events) => events.forEach(listener)),
    verify: (expect) => verify(log, { expect }),
    verifyEnd: (countMax, signal) => verifyEnd(log, countMax, signal),
    stateAt: (at, signal) => replays.stateAt(at, signal),
    observe: (seen) => log.observe(seen, clock.wallMs()),
    sequenceOf: (tenant, ids) => sequenceOf(log, tenant, ids),
  };
}

function storeQuery(query: EventQuery): Parameters<EventLog["query"]>[0] {
  const { tenant, types, subject, fromMs, toMs, cursor, newestFirst, limit } = query;
  return {
    ...(tenant === undefined ? {} : { tenant }),
    ...(types === undefined ? {} : { types }),
    ...(subject === undefined ? {} : { subject }),
    ...(fromMs === undefined ? {} : { from: instant(fromMs) }),
    ...(toMs === undefined ? {} : { to: instant(toMs) }),
    ...(query.since === undefined ? {} : { since: query.since }),
    ...(cursor === undefined ? {} : newestFirst ? { before: cursor } : { after: cursor }),
    numbers: query.bySequence ? "sequence" : "id",
    newestFirst,
    limit,
  };
}

async function sequenceOf(
  log: EventLog,
  tenant: TenantId,
  ids: readonly EventId[],
): Promise<ReadonlyMap<EventId, number>> {
  const found = new Map<EventId, number>();
  for (const id of ids) {
    const page = await log.query({ tenant, numbers: "id", after: id - 1, before: id + 1, limit: 1 });
    if (isRefusal(page)) break;
    const [event] = page.events;
    if (event?.tenant === tenant && event.tenantSequence !== undefined) found.set(id, event.tenantSequence);
  }
  return found;
}

/** With its length in front: ids that are in logs were made so. */
const sha256 = (text: string): string =>
  createHash("sha256")
    .update(`${Buffer.byteLength(text)}:`)
    .update(text)
    .digest("hex");

/** JSON with keys in order, so that equal records have equal text. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) =>
    typeof inner === "object" && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).toSorted(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  );
}
