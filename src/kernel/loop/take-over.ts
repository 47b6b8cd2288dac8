/**
 * What a kernel tells its decider first: that it has started, what still lives, and which cells ended while there was no
 * kernel. What such a cell held counts as alive until its loss is told, so that it ends with the true reason (P4).
 */
import type { CellLoss, CellNumber, IncarnationNumber, KernelEpoch, ServiceId, TenantId } from "../../base/index.ts";
import type { State } from "../state.ts";
import type { CellVictim, Input, Survivor } from "../turn.ts";

export interface Found {
  readonly epoch: KernelEpoch;
  readonly boot: string;
  readonly version: string;
  readonly survivors: readonly Survivor[];
  /** Cells that ended, of which no kernel has recorded how. */
  readonly exits: readonly {
    readonly cell: CellNumber;
    readonly loss: CellLoss;
    /** Turns that were under way in it; absent: nobody knows. */
    readonly turns?: readonly Turn[] | undefined;
  }[];
}

interface Turn {
  readonly incarnation: IncarnationNumber;
  readonly lastedMs: number;
}

export interface Resident {
  readonly tenant: TenantId;
  readonly service: ServiceId;
  readonly instance: number;
  readonly incarnation: IncarnationNumber;
}

export interface TakeOver {
  readonly booted: Extract<Input, { readonly type: "booted" }>;
  /** To be submitted next, in this order. */
  readonly losses: readonly Extract<Input, { readonly type: "cell_lost" }>[];
}

export function takeOver(state: State, { epoch, boot, version, survivors, exits }: Found): TakeOver {
  // Of another boot's cells the whole node's end tells.
  const lost = state.boot === boot ? exits.map((exit) => ({ ...exit, victims: heldIn(state, exit.cell) })) : [];
  const ending = lost.flatMap(({ cell, victims }) =>
    victims.map(({ tenant, service, incarnation }) => {
      return { tenant, service, incarnation, cell, phase: "running" as const };
    }),
  );
  return {
    booted: { type: "booted", epoch, boot, version, survivors: [...survivors, ...ending] },
    losses: lost.map(({ cell, loss, victims, turns }) => {
      const [first] = victims;
      const whose = first === undefined ? {} : { tenant: first.tenant };
      const told = victims.map(({ incarnation }) => victimOf(incarnation, turns));
      // Turns of others make doubt; alone they clear nobody.
      const known = turns === undefined ? {} : { turns: told.some(({ inFlight }) => inFlight) ? turns.length : 0 };
      return { type: "cell_lost", cell, loss, victims: told, ...known, ...whose };
    }),
  };
}

/** Where nobody knows of turns, it may have been at work. */
function victimOf(incarnation: IncarnationNumber, turns: readonly Turn[] | undefined): CellVictim {
  if (turns === undefined) return { incarnation, inFlight: true };
  const turn = turns.find((one) => one.incarnation === incarnation);
  return turn === undefined ? { incarnation, inFlight: false } : { ...turn, inFlight: true };
}

/** The incarnations that ran in a cell, as the log knows it; some may have been told to stop since. */
export function heldIn(state: State, cell: CellNumber): readonly Resident[] {
  const held: Resident[] = [];
  for (const tenant of state.tenants.values()) {
    for (const service of tenant.services.values()) {
      for (const { number, phase } of service.instances.values()) {
        if ((phase.name !== "running" && phase.name !== "stopping") || phase.cell !== cell) continue;
        held.push({ tenant: tenant.id, service: service.id, instance: number, incarnation: phase.incarnation });
      }
    }
  }
  return held;
}

export interface Unplaced extends Resident {
  readonly phase: "starting" | "stopping";
}

/** The living of which the log does not say in which cell they are. */
export function unplacedIn(state: State): readonly Unplaced[] {
  const found: Unplaced[] = [];
  for (const [tenant, living] of state.index.living) {
    for (const [incarnation, { service, instance }] of living) {
      const phase = state.tenants.get(tenant)?.services.get(service)?.instances.get(instance)?.phase;
      if (phase?.name !== "starting" && (phase?.name !== "stopping" || phase.cell !== undefined)) continue;
      found.push({ tenant, service, instance, incarnation, phase: phase.name });
    }
  }
  return found;
}
