/**
 * Observations: counted in memory by kind, and written now and then as one row per kind. However many a guest provokes, what
 * they take is bounded: kinds per tenant between two flushes, rows per tenant on disk. What goes beyond is still counted.
 */
import { limits } from "../base/index.ts";
import type { Observation } from "../kernel/index.ts";
import type { ObservationRow } from "./entries.ts";

/** Stands for the kinds that were too many to be told apart. */
const others = "*";
const textLengthMax = 200;

interface Kind {
  readonly hour: number;
  readonly type: string;
  readonly subject: string;
  readonly detail: string;
}

interface Tally extends Kind {
  readonly firstMs: number;
  count: number;
  lastMs: number;
}

export class Observations {
  #tenants = new Map<string, Map<string, Tally>>();

  add(observation: Observation, wallClockMs: number): void {
    const kinds = this.#provideKinds(observation.tenant ?? "");
    const { type, count } = observation;
    const hour = Math.floor(wallClockMs / 3_600_000);
    const exact = { hour, type, subject: shorten(observation.subject), detail: shorten(observation.detail) };
    const room = kinds.size < limits.observationKindsMax || kinds.has(keyOf(exact));
    const kind = room ? exact : { hour, type, subject: others, detail: others };
    const tally = kinds.get(keyOf(kind));
    if (tally === undefined) {
      kinds.set(keyOf(kind), { ...kind, count, firstMs: wallClockMs, lastMs: wallClockMs });
    } else {
      tally.count += count;
      tally.lastMs = Math.max(tally.lastMs, wallClockMs);
    }
  }

  /** Hands over what was counted, and starts again from nothing. */
  take(): readonly ObservationRow[] {
    const tenants = this.#tenants;
    this.#tenants = new Map();
    return [...tenants].flatMap(([tenant, kinds]) => [...kinds.values()].map((tally) => ({ tenant, ...tally })));
  }

  /** Tenants beyond what a node can have are counted with the node's own. */
  #provideKinds(tenant: string): Map<string, Tally> {
    const name = this.#tenants.has(tenant) || this.#tenants.size < limits.tenantsMax ? tenant : "";
    const kinds = this.#tenants.get(name) ?? new Map<string, Tally>();
    this.#tenants.set(name, kinds);
    return kinds;
  }
}

const keyOf = (kind: Kind): string => JSON.stringify([kind.hour, kind.type, kind.subject, kind.detail]);

const shorten = (text: string): string => text.slice(0, textLengthMax).toWellFormed();
