/**
 * Who is over a limit, and since when. Pure: measurements are arguments, and what changed is returned.
 *
 *   over ──▶ seen once ── still over at the next look, or far over at once ──▶ entered ── below 9/10 ──▶ left
 *                 └────── back under ──▶ forgotten
 *
 * A steady violator is told of twice, however long it lasts; a short burst, such as garbage that is about to be collected,
 * not at all. Whoever ended is forgotten: its end tells more.
 */
import type { Excess, IncarnationNumber, ResourceLimits, ServiceId, TenantId } from "../base/index.ts";

export interface Measured {
  readonly tenant: TenantId;
  readonly service: ServiceId;
  readonly instance: number;
  readonly incarnation: IncarnationNumber;
  readonly tier: "user" | "system";
  readonly limits: Pick<
    ResourceLimits,
    "maxMemoryBytes" | "maxProcesses" | "messageQueueLimit" | "limitExceededAction"
  >;
  readonly memoryBytes: number;
  readonly mailboxLength: number;
  readonly cpuMicros: number;
  /** Itself, and those that it spawned. */
  readonly processes: number;
}

/** Limits of a tenant's user services together. */
export interface TenantLimits {
  readonly memoryBytesMax: number;
  readonly processesMax: number;
}

export interface Violation extends Excess {
  readonly phase: "entered" | "left";
  /** The largest that was seen. */
  readonly peak: number;
  /** How often it was seen over its limit. */
  readonly looks: number;
  /** Who is over; of a tenant's total, who has most to do with it. */
  readonly by: Measured;
}

interface Level extends Excess {
  readonly key: string;
  readonly by: Measured;
}

interface Entry {
  entered: boolean;
  looks: number;
  peak: number;
  excess: Excess;
  readonly by: Measured;
}

/** Over by this factor, it is not looked at twice. */
const farOver = 1.5;
/** Below this part of its limit it counts as back under. */
const wellUnder = 0.9;

export class Violations {
  readonly #entries = new Map<string, Entry>();

  /** What changed with this look at all that lives. */
  judge(all: readonly Measured[], tenantLimits: TenantLimits): readonly Violation[] {
    const changes: Violation[] = [];
    const seen = new Set<string>();
    const living = new Set(all.map(keyOf));
    for (const level of levelsOf(all, tenantLimits)) {
      seen.add(level.key);
      const change = this.#take(level, living);
      if (change !== undefined) changes.push(change);
    }
    for (const key of this.#entries.keys()) if (!seen.has(key)) this.#entries.delete(key);
    return changes;
  }

  /** It has ended: it is over nothing any more. False: it was not. */
  forget(life: Pick<Measured, "tenant" | "incarnation">): boolean {
    const own = [...this.#entries].filter(([, { by }]) => keyOf(by) === keyOf(life));
    for (const [key] of own) this.#entries.delete(key);
    return own.some(([, { entered }]) => entered);
  }

  /** Those that are over a limit now. */
  *current(): Generator<{ readonly excess: Excess; readonly by: Measured }> {
    for (const { entered, excess, by } of this.#entries.values()) if (entered) yield { excess, by };
  }

  #take({ key, by: largestNow, what, used, limit }: Level, living: ReadonlySet<string>): Violation | undefined {
    const isOver = what === "mailbox" ? used >= limit : used > limit;
    const excess = { what, used, limit };
    let entry = this.#entries.get(key);
    // Of a total: who had most of it has ended, and it was not enough.
    if (entry !== undefined && !living.has(keyOf(entry.by))) entry = undefined;
    if (entry === undefined) {
      if (!isOver) return void this.#entries.delete(key);
      entry = { entered: false, looks: 0, peak: 0, excess, by: largestNow };
      this.#entries.set(key, entry);
    }
    const { by } = entry;
    entry.excess = excess;
    entry.peak = Math.max(entry.peak, used);
    if (entry.entered) {
      entry.looks++;
      if (used >= limit * wellUnder) return undefined;
      this.#entries.delete(key);
      return { ...excess, phase: "left", peak: entry.peak, looks: entry.looks, by };
    }
    if (!isOver) {
      this.#entries.delete(key);
      return undefined;
    }
    entry.looks++;
    if (entry.looks < 2 && used < limit * farOver) return undefined;
    entry.entered = true;
    return { ...excess, phase: "entered", peak: entry.peak, looks: entry.looks, by };
  }
}

export const keyOf = ({ tenant, incarnation }: Pick<Measured, "tenant" | "incarnation">): string =>
  `${tenant}/${incarnation}`;

function* levelsOf(all: readonly Measured[], tenantLimits: TenantLimits): Generator<Level> {
  const services = new Map<string, Measured[]>();
  const tenants = new Map<TenantId, Measured[]>();
  for (const one of all) {
    const { tenant, service, limits } = one;
    const key = keyOf(one);
    yield { key: `${key}/memory`, by: one, what: "memory", used: one.memoryBytes, limit: limits.maxMemoryBytes };
    yield { key: `${key}/mailbox`, by: one, what: "mailbox", used: one.mailboxLength, limit: limits.messageQueueLimit };
    add(services, `${tenant}/${service}`, one);
    if (one.tier === "user") add(tenants, tenant, one);
  }
  for (const [key, instances] of services) {
    const by = mostProcesses(instances);
    const used = sum(instances, ({ processes }) => processes);
    yield { key: `${key}/processes`, by, what: "processes", used, limit: by.limits.maxProcesses };
  }
  for (const [tenant, own] of tenants) {
    const { memoryBytesMax, processesMax } = tenantLimits;
    const hog = largest(own, ({ memoryBytes }) => memoryBytes);
    const crowd = mostProcesses(own);
    const memory = sum(own, ({ memoryBytes }) => memoryBytes);
    const processes = sum(own, (one) => one.processes);
    yield { key: `${tenant}//memory`, by: hog, what: "tenant_memory", used: memory, limit: memoryBytesMax };
    yield { key: `${tenant}//processes`, by: crowd, what: "tenant_processes", used: processes, limit: processesMax };
  }
}

function add<K>(groups: Map<K, Measured[]>, key: K, one: Measured): void {
  const group = groups.get(key);
  if (group === undefined) groups.set(key, [one]);
  else group.push(one);
}

const sum = (all: readonly Measured[], pick: (one: Measured) => number): number =>
  all.reduce((total, one) => total + pick(one), 0);

/** Who consists of most; of several, the newest. */
const mostProcesses = (group: readonly Measured[]): Measured => {
  const most = Math.max(...group.map(({ processes }) => processes));
  return largest(
    group.filter(({ processes }) => processes === most),
    ({ incarnation }) => incarnation,
  );
};

/** Of a group, which is never empty. */
const largest = (group: readonly Measured[], pick: (one: Measured) => number): Measured =>
  group.reduce((most, one) => (pick(one) > pick(most) ? one : most));
