/**
 * Housekeeping: what the kernel process does by the way. Snapshots shorten the next replay, artifacts that no release names
 * any more are let go, the disk's room and the wall clock are watched.
 */
import { type ArtifactHash, limits, type Refusal, refuse, type TenantId } from "../base/index.ts";
import {
  type Clock,
  type Event,
  evolveVersion,
  type Release,
  type State,
  type Tenant,
  toSnapshot,
  type Turns,
} from "../kernel/index.ts";
import type { Part } from "./system.ts";
import { Disk, type EventLog, snapshotIsDue } from "../store/index.ts";

export interface HousekeepingParts {
  readonly dataDir: string;
  readonly log: EventLog;
  readonly turns: Turns;
  readonly clock: Clock;
  /** Nothing is written in safe mode. */
  readonly readOnly: boolean;
}

/** How often the wall clock and the disk are looked at. */
const watchMs = 5_000;
/** Deployments of a tenant after which its old artifacts are let go. */
const deploymentsPerPruning = 500;

export class Housekeeping {
  readonly #parts: HousekeepingParts;
  readonly #disk: Disk;
  readonly #deployments = new Map<TenantId, number>();
  #snapshotAt: State["lastEvent"];

  constructor(parts: HousekeepingParts) {
    this.#parts = parts;
    this.#disk = new Disk({ dir: parts.dataDir });
    this.#snapshotAt = parts.turns.state.lastEvent;
    if (!parts.readOnly) this.#pruneStrangers();
  }

  /** An earlier kernel may have ended just when it would have let them go. */
  #pruneStrangers(): void {
    const { log, turns } = this.#parts;
    for (const tenant of log.artifactTenants) if (!turns.state.tenants.has(tenant)) this.prune(tenant);
  }

  /** The part that watches, under the System's supervision. */
  get watch(): Part {
    return {
      name: "housekeeping",
      start: (failed) => {
        const look = (): void => {
          this.#lookAround().catch((error: unknown) => failed(error instanceof Error ? error.message : String(error)));
        };
        const timer = setInterval(look, watchMs);
        const stop = (): Promise<void> => {
          clearInterval(timer);
          return Promise.resolve();
        };
        return Promise.resolve({ stop });
      },
    };
  }

  /** Why changes are refused for want of room. */
  noRoom(): Refusal | undefined {
    return this.#disk.nearlyFull
      ? refuse("DISK_NEARLY_FULL", { freeBytes: this.#disk.freeBytes, limit: limits.diskFreeBytesMin })
      : undefined;
  }

  /** Called in each turn with its events. */
  evolved(events: readonly Event[]): void {
    const { state } = this.#parts.turns;
    for (const { type, tenant } of events) {
      if (tenant === undefined) continue;
      if (type === "deployment_requested") this.#deployed(tenant);
      if (type === "tenant_deleted") this.#deployments.delete(tenant);
    }
    // A large state is expensive to write: it waits for as many events as there are incarnations.
    const due = snapshotIsDue({ newest: state.lastEvent, snapshot: this.#snapshotAt });
    if (due && state.lastEvent - this.#snapshotAt >= living(state)) this.snapshot();
  }

  /** Keeps the state as it is now for the next boot. */
  snapshot(): void {
    const { turns, log } = this.#parts;
    const { state } = turns;
    this.#snapshotAt = state.lastEvent;
    const json = JSON.stringify(toSnapshot(state));
    // A log that fails ends the process by itself.
    log.saveSnapshot({ event: state.lastEvent, evolveVersion, json }).catch(() => undefined);
  }

  /** Lets go of the tenant's artifacts that no release of it names; of all, if it is not there. */
  prune(id: TenantId): void {
    const tenant = this.#parts.turns.state.tenants.get(id);
    this.#parts.log.keepArtifacts(id, tenant === undefined ? new Set() : artifactsOf(tenant));
  }

  #deployed(id: TenantId): void {
    const count = (this.#deployments.get(id) ?? 0) + 1;
    this.#deployments.set(id, count % deploymentsPerPruning);
    if (count === deploymentsPerPruning) this.prune(id);
  }

  async #lookAround(): Promise<void> {
    if (this.#parts.readOnly) return;
    await this.#disk.check();
    const jump = this.#parts.clock.jump();
    if (jump !== undefined) this.#parts.turns.submit({ type: "clock_jumped", ...jump }).catch(() => undefined);
  }
}

function living(state: State): number {
  let count = 0;
  for (const incarnations of state.index.living.values()) count += incarnations.size;
  return count;
}

const namedBy = ({ source, compiled, sourceMap, environment }: Release): readonly ArtifactHash[] =>
  environment === undefined ? [source, compiled, sourceMap] : [source, compiled, sourceMap, environment];

const artifactsOf = (tenant: Tenant): ReadonlySet<ArtifactHash> =>
  new Set([...tenant.services.values()].flatMap(({ release }) => namedBy(release)));
