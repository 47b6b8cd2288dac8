/**
 * Liveness: when the faults have stopped, everything comes to rest within bounded time. What should run runs, what was to stop
 * has stopped, what is deleted is gone, and nobody waits for an answer.
 */
import { sayDeath } from "../../base/index.ts";
import type { Phase, Service } from "../../kernel/index.ts";
import { type Checker, type Fact, promise } from "../world/facts.ts";

const check: ReturnType<typeof promise> = promise("liveness");

export function liveness(): Checker {
  return {
    promise: "liveness",
    see: (fact: Fact) => {
      if (fact.type === "idle")
        for (const { id, services } of fact.state.tenants.values()) somethingIsUnderWay(id, services);
      if (fact.type !== "at_rest") return;
      const { state, now, waiting } = fact;
      check(waiting === 0, () => `${waiting} wait for an outcome that never comes`);
      check(
        state.retiring.size === 0,
        () => `deleted tenants are never cleared away: ${[...state.retiring.keys()].join()}`,
      );
      check(state.index.suspended.size === 0, () => `never resumed: ${[...state.index.suspended.keys()].join()}`);
      for (const { id, phase, services } of state.tenants.values()) {
        check(phase === "active", () => `${id} is being deleted for ever`);
        for (const service of services.values()) atRest(`${id}/${service.id}`, service, now);
      }
    },
  };
}

/** At any time: what is not yet settled has something left that will settle it. */
function somethingIsUnderWay(tenant: string, services: ReadonlyMap<string, Service>): void {
  for (const { id, deployment, instances } of services.values()) {
    if (deployment.name !== "pending") continue;
    const left = [...instances.values()].some(({ phase }) => phase.name !== "running" && phase.name !== "stopped");
    check(left, () => `${tenant}/${id} has no outcome, and nothing is left that could give it one`);
  }
}

function atRest(name: string, service: Service, now: number): void {
  const { deployment, desired, instances, release } = service;
  check(deployment.name !== "pending", () => `${name} never comes to an outcome`);
  for (const { number, phase } of instances.values()) {
    const which = `${name}/${number}`;
    switch (phase.name) {
      case "running":
        check(desired === "running", () => `${which} runs, and should not`);
        break;
      case "stopped":
        check(
          desired === "stopped" || mayStayStopped(release.restart, phase),
          () => `${which} should run, and is stopped: ${sayDeath(phase.death)}`,
        );
        break;
      case "resting":
        check(phase.until > now, () => `${which} rests beyond its time`);
        break;
      default:
        check(false, `${which} is ${phase.name} for ever`);
    }
  }
}

/** A job whose work is done, or that is not to be tried again. */
const mayStayStopped = (
  restart: "permanent" | "transient" | "temporary",
  { death }: Extract<Phase, { readonly name: "stopped" }>,
): boolean =>
  restart === "temporary" || (restart === "transient" && (death.type === "stopped" || death.type === "killed"));
