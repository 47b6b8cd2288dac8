/** What runs right now and what it uses: the state says who, the cells say how much. */
import type { Cells } from "../host/index.ts";
import { findService, incarnationsRunning, type RunningIncarnation, type State } from "../kernel/index.ts";
import type { Measured } from "../observe/index.ts";

/** Cells answer on the thread on which their services run: so many are asked about at once. */
const askedAtOnce = 100;

export async function measure(
  state: State,
  cells: Pick<Cells, "usage">,
): Promise<{ readonly measured: readonly Measured[]; readonly unheard: readonly RunningIncarnation[] }> {
  const measured: Measured[] = [];
  const unheard: RunningIncarnation[] = [];
  const byTenant = Map.groupBy(incarnationsRunning(state), ({ tenant }) => tenant);
  for (const [tenant, running] of byTenant) {
    for (let at = 0; at < running.length; at += askedAtOnce) {
      const asked = running.slice(at, at + askedAtOnce);
      const usages = await cells.usage(
        tenant,
        asked.map(({ incarnation }) => incarnation),
      );
      for (const one of asked) {
        const usage = usages.get(one.incarnation);
        const release = findService(state, one)?.release;
        if (usage === undefined || release === undefined) {
          unheard.push(one);
          continue;
        }
        const { service, instance, incarnation } = one;
        const { tier, limits } = release;
        const { processes = 1 } = usage;
        measured.push({ tenant, service, instance, incarnation, tier, limits, ...usage, processes });
      }
    }
  }
  return { measured, unheard };
}
