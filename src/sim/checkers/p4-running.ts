/**
 * P4, "running" is never said of something that is not: what the log says to have started did start, in that cell; nothing
 * lives that the log does not know; and at rest the two agree in everything.
 */
import type { CellNumber, IncarnationNumber, TenantId } from "../../base/index.ts";
import { type Event, evolve, incarnationsRunning, initialState } from "../../kernel/index.ts";
import { type Checker, type Fact, promise } from "../world/facts.ts";
import { type Life, lifeKey, sayLife } from "../world/life.ts";

const check: ReturnType<typeof promise> = promise("P4");

export function p4Running(): Checker {
  const believed = initialState();
  const lives = new Map<string, Life>();

  return {
    promise: "P4",
    see: (fact: Fact) => {
      switch (fact.type) {
        case "life_began":
          lives.set(lifeKey(fact.life), fact.life);
          // What was on its way when the node was stopped ends with it, unheard.
          if (believed.phase === "stopped") return;
          return check(
            believed.index.living.get(fact.life.tenant)?.has(fact.life.incarnation) === true,
            () => `this began, and the log knows nothing of it: ${sayLife(fact.life)}`,
          );
        case "committed":
          for (const event of fact.events) take(event);
          return;
        case "at_rest":
          return agree(fact);
        default:
          return;
      }
    },
  };

  function take(event: Event): void {
    evolve(believed, event);
    if (event.tenant === undefined) return;
    switch (event.type) {
      case "instance_started":
      case "service_restarted":
        if (event.payload !== undefined) ran(event.tenant, event.payload.incarnation, event.payload.cell);
        return;
      case "service_deployed":
        for (const { incarnation } of event.payload?.born ?? []) ran(event.tenant, incarnation);
        return;
      default:
        return;
    }
  }

  function ran(tenant: TenantId, incarnation: IncarnationNumber, cell?: CellNumber): void {
    const tenantSince = believed.tenants.get(tenant)?.createdBy ?? believed.lastEvent;
    const life = lives.get(lifeKey({ tenant, tenantSince, incarnation }));
    check(life?.ran === true, () => `${tenant}#${incarnation} is said to run, and never did`);
    check(cell === undefined || life.cell === cell, () => `${sayLife(life)} is said to run in cell ${cell ?? 0}`);
  }

  function agree({ state, lives: living, reportsKept }: Extract<Fact, { readonly type: "at_rest" }>): void {
    check(reportsKept === 0, () => `cells still keep ${reportsKept} reports that nobody acknowledged`);
    const said = new Set(incarnationsRunning(state).map(({ tenant, incarnation }) => `${tenant}#${incarnation}`));
    const truth = new Set(living.map(({ tenant, incarnation }) => `${tenant}#${incarnation}`));
    for (const one of said) check(truth.has(one), () => `${one} is said to run, and no cell holds it`);
    for (const one of living) {
      check(said.has(`${one.tenant}#${one.incarnation}`), () => `nobody says that this runs: ${sayLife(one)}`);
    }
  }
}
