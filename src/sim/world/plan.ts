/**
 * What one run is like: how many, how often, how slow. Drawn from the seed, and drawn widely: a run in which everything
 * happens at once hides what a run with only slow disks and dying kernels shows.
 */
import type { Random } from "./random.ts";

export interface Plan {
  readonly tenants: number;
  readonly servicesPerTenant: number;
  readonly instancesMax: number;
  /** Mean times between; infinite where the run has none of it. */
  readonly commandEveryMs: number;
  readonly kernelDeathEveryMs: number;
  readonly cellDeathEveryMs: number;
  readonly cellHangEveryMs: number;
  readonly nodeEndEveryMs: number;
  readonly shutdownEveryMs: number;
  readonly clockJumpEveryMs: number;
  readonly diskTroubleEveryMs: number;
  readonly strayReportEveryMs: number;
  readonly measureEveryMs: number;
  /** The chance to die at each of the kernel's seams: between append and fsync, fsync and effect, effect and reply. */
  readonly deathAtSeam: number;
  readonly commitMs: number;
  readonly linkMs: number;
  readonly snapshotEveryEvents: number;
  readonly snapshotLost: number;
  /** How much of what guests do ends them. */
  readonly fragility: number;
  readonly warmCells: number;
  /** How often a client names its request, and how often it repeats one. */
  readonly named: number;
  readonly repeated: number;
}

export function drawPlan(random: Random): Plan {
  /** Mean time of a fault, or never; each run leaves some faults out. */
  const fault = (low: number, high: number, absent = 0.35): number =>
    random.chance(absent) ? Number.POSITIVE_INFINITY : random.between(low, high);
  return {
    tenants: 1 + random.below(4),
    servicesPerTenant: random.chance(0.1) ? 40 : 1 + random.below(6),
    instancesMax: random.pick([1, 3, 3, 8]),
    commandEveryMs: random.pick([5, 50, 300, 2_000]),
    kernelDeathEveryMs: fault(1_000, 60_000, 0.2),
    cellDeathEveryMs: fault(1_000, 60_000),
    cellHangEveryMs: fault(10_000, 200_000, 0.6),
    nodeEndEveryMs: fault(20_000, 300_000, 0.5),
    shutdownEveryMs: fault(20_000, 300_000, 0.5),
    clockJumpEveryMs: fault(5_000, 100_000, 0.5),
    diskTroubleEveryMs: fault(10_000, 200_000, 0.5),
    strayReportEveryMs: fault(1_000, 30_000, 0.5),
    measureEveryMs: fault(300, 10_000, 0.5),
    deathAtSeam: random.pick([0, 0, 0.000_5, 0.005, 0.02]),
    commitMs: random.pick([1, 5, 30, 200]),
    linkMs: random.pick([1, 1, 10, 100]),
    snapshotEveryEvents: random.pick([5, 50, 300, 1_000_000]),
    snapshotLost: random.pick([0, 0.3]),
    fragility: random.pick([0, 0.3, 1, 3]),
    warmCells: random.below(3),
    named: random.pick([0, 0.3, 1]),
    repeated: random.pick([0.05, 0.3]),
  };
}
