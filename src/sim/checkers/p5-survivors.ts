/**
 * P5, the kernel may die: what ran in a cell that goes on runs on. The next kernel takes every life up as it was; it ends
 * none, and starts none in its place.
 */
import type { IncarnationNumber, TenantId } from "../../base/index.ts";
import type { State } from "../../kernel/index.ts";
import { type Checker, type Fact, promise } from "../world/facts.ts";
import { type Life, lifeKey, sayLife } from "../world/life.ts";

const check: ReturnType<typeof promise> = promise("P5");

export function p5Survivors(): Checker {
  const living = new Map<string, Life>();
  /** What the next kernel found in the log: alive, and not told to stop. */
  let meant = new Set<string>();

  return {
    promise: "P5",
    see: (fact: Fact) => {
      switch (fact.type) {
        case "life_began":
          living.set(lifeKey(fact.life), fact.life);
          return;
        case "life_ended":
          living.delete(lifeKey(fact.life));
          return;
        case "recovered":
          meant = new Set([...living].filter(([, life]) => isMeant(fact.state, life)).map(([key]) => key));
          return;
        case "took_over":
          return tookOver(fact.state);
        default:
          return;
      }
    },
  };

  function tookOver(state: State): void {
    for (const [key, life] of living) {
      if (!meant.has(key)) continue;
      const phase = find(state, life.tenant, life.incarnation);
      check(phase !== undefined, () => `the kernel died, and the next one took this for dead: ${sayLife(life)}`);
      // It may go with a sibling that was lost; alone it has no reason to.
      const alone = state.tenants.get(life.tenant)?.services.get(life.service)?.instances.size === 1;
      check(
        phase.name !== "stopping" || !alone,
        () => `the kernel died, and the next one stopped this: ${sayLife(life)}`,
      );
    }
  }
}

function find(state: State, tenant: TenantId, incarnation: IncarnationNumber) {
  const at = state.index.living.get(tenant)?.get(incarnation);
  if (at === undefined) return undefined;
  return state.tenants.get(tenant)?.services.get(at.service)?.instances.get(at.instance)?.phase;
}

const isMeant = (state: State, life: Life): boolean => {
  const phase = find(state, life.tenant, life.incarnation);
  return phase !== undefined && phase.name !== "stopping";
};
