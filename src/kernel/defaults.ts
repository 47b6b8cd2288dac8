/** What the kernel does where nobody said otherwise: policy as data. */
import type { SupervisorSpec } from "../base/index.ts";

/** A service over its instances. */
export const serviceSupervisionDefault: SupervisorSpec = {
  strategy: "one_for_one",
  intensity: { restartsMax: 3, withinMs: 30_000 },
  backoff: { firstMs: 50, factor: 4, waitMsMax: 5_000 },
};

/** The same for a system service, which others count on. */
export const systemSupervisionDefault: SupervisorSpec = {
  ...serviceSupervisionDefault,
  intensity: { restartsMax: 10, withinMs: 30_000 },
};

/**
 * A tenant over each of its services, one budget for each, so that a crash-looper does not spend its siblings' budget.
 * The wait is the service's rest; time at rest does not age the budget.
 */
export const tenantSupervision: SupervisorSpec = {
  strategy: "one_for_one",
  intensity: { restartsMax: 10, withinMs: 60_000 },
  backoff: { firstMs: 1_000, factor: 2, waitMsMax: 60_000 },
};

/** The rest of a service that spent its tenant's budget too. It never goes further up than the tenant. */
export const tenantRestMs = 300_000;

/**
 * The most a service's own intensity may ask for. Each restart is a few facts in the log, and its history travels in them:
 * a service that never rests must not fill the disk.
 */
export const intensityMax = { restartsMax: 100, withinMs: 86_400_000, restartsPerSecond: 1 } as const;

/** What the state keeps of the words of a death that is not a service's newest; its event has them all. */
export const abridgedDeath = { messageLengthMax: 200, stackLengthMax: 500 } as const;

/** A victim of another's fault restarts at once, unless it had lived shorter than this: then it waits this long. */
export const blamelessWait = { livedMsMin: 5_000, waitMs: 1_000 } as const;

/** For so long a restart on probation is evidence: whoever lived longer has shown that it can. */
export const probationMsMax = 600_000;

/**
 * A turn that began less than this before the end of its cell, which was out of memory, hardly took all of that. Longer than init
 * takes to see it and to read the record: a turn that began when the memory was gone lasts for so long, too.
 */
export const memoryTurnMsMin = 500;

/** What was ended to relieve the node starts again after this long. */
export const shedWaitMs = 60_000;

/** Instances that recover from the end of their node at once, in all and of one tenant. */
export const recoveriesMax = 64;
export const recoveriesPerTenantMax = 16;

/** Lost cells that are known by number: more than there are between a loss and its acknowledgement. */
export const lostCellsKeptMax = 1_000;

/** Services started in one turn when many are due. */
export const startsPerTurnMax = 64;
