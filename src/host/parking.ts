/**
 * Messages that wait for a service to start, in order. Bounded in number per service and in bytes per tenant; a message that
 * nobody waits for is given up after a while, whatever became of its service.
 */
import { type IncarnationNumber, limits, type ServiceId, type TenantId } from "../base/index.ts";
import type { CallFailure } from "../wire/index.ts";

export interface Parked<Target> {
  readonly bytes: number;
  /** It is for this life of the service, and for no other. */
  readonly incarnation: IncarnationNumber | undefined;
  readonly deliver: (target: Target) => void;
  /** Called at most once, and not after `deliver`. */
  readonly giveUp: (failure: CallFailure) => void;
}

interface Lot<Target> {
  bytes: number;
  readonly waiting: Map<ServiceId, Set<Parked<Target>>>;
}

interface At {
  readonly tenant: TenantId;
  readonly service: ServiceId;
}

export class Parking<Target> {
  readonly #lots = new Map<TenantId, Lot<Target>>();

  /** Why no further message of this size can wait. */
  full({ tenant, service }: At, bytes: number): string | undefined {
    const lot = this.#lots.get(tenant);
    if (lot === undefined) return undefined;
    if ((lot.waiting.get(service)?.size ?? 0) >= limits.parkedMessagesMax) {
      return `${limits.parkedMessagesMax} messages wait for it to start`;
    }
    return lot.bytes + bytes > limits.parkedBytesPerTenantMax
      ? `${limits.parkedBytesPerTenantMax} bytes of messages to services that start`
      : undefined;
  }

  /** There is room, `full` said so. Returns what withdraws it again. */
  add(at: At, parked: Parked<Target>): () => void {
    const lot = this.#lots.get(at.tenant) ?? { bytes: 0, waiting: new Map<ServiceId, Set<Parked<Target>>>() };
    this.#lots.set(at.tenant, lot);
    const queue = lot.waiting.get(at.service) ?? new Set();
    lot.waiting.set(at.service, queue.add(parked));
    lot.bytes += parked.bytes;
    return () => {
      if (!queue.delete(parked)) return;
      lot.bytes -= parked.bytes;
      if (lot.waiting.get(at.service) === queue) this.#tidy(at, lot);
    };
  }

  /** The services of a tenant that messages wait for. */
  awaited(tenant: TenantId): readonly ServiceId[] {
    return [...(this.#lots.get(tenant)?.waiting.keys() ?? [])];
  }

  /** Those that wait for a service and are wanted now, in order: they wait no longer. */
  take(at: At, isWanted: (parked: Parked<Target>) => boolean): readonly Parked<Target>[] {
    const lot = this.#lots.get(at.tenant);
    const queue = lot?.waiting.get(at.service);
    if (lot === undefined || queue === undefined) return [];
    const taken = [...queue].filter(isWanted);
    for (const parked of taken) {
      queue.delete(parked);
      lot.bytes -= parked.bytes;
    }
    this.#tidy(at, lot);
    return taken;
  }

  #tidy({ tenant, service }: At, { waiting }: Lot<Target>): void {
    if (waiting.get(service)?.size === 0) waiting.delete(service);
    if (waiting.size === 0) this.#lots.delete(tenant);
  }
}
