/**
 * P3, no lost truth, of what people are told: an answer, a refusal, a read, an outcome waits until all it shows is durable.
 * What was answered stands in the log.
 */
import { isRefusal, type TenantId } from "../../base/index.ts";
import { type Event, evolve, initialState, type Outcome, outcomeOf } from "../../kernel/index.ts";
import { canonical } from "../world/canonical.ts";
import { type Checker, type Fact, promise } from "../world/facts.ts";

const check: ReturnType<typeof promise> = promise("P3");

/** Outcomes of one service that are remembered: who waits hears of the newest. */
const outcomesMax = 50;

export function p3Answers(): Checker {
  const durable = initialState();
  const deployed = new Set<string>();
  const outcomes = new Map<string, string[]>();
  const deleted = new Set<TenantId>();

  return {
    promise: "P3",
    see: (fact: Fact) => {
      switch (fact.type) {
        case "committed":
          for (const event of fact.events) take(event);
          return;
        case "answered":
          return answered(fact);
        case "shown":
          return check(fact.seen <= durable.lastEvent, `event ${fact.seen} was shown before it was durable`);
        case "settled":
          return settled(fact);
        default:
          return;
      }
    },
  };

  function take(event: Event): void {
    evolve(durable, event);
    const { tenant, payload } = event;
    if (tenant === undefined || payload === undefined) return;
    if (event.type === "tenant_deleted") deleted.add(tenant);
    if (!("service" in payload)) return;
    const { service } = payload;
    if (event.type === "deployment_requested" && event.payload !== undefined) {
      deployed.add(`${tenant}/${service} ${JSON.stringify(event.payload.born)}`);
    }
    const found = durable.tenants.get(tenant)?.services.get(service);
    if (found === undefined || found.deployment.name === "pending") return;
    const said = canonical(found.deployment);
    const key = `${tenant}/${service}`;
    const before = outcomes.get(key) ?? [];
    if (before.at(-1) !== said) outcomes.set(key, [...before.slice(1 - outcomesMax), said]);
  }

  function answered({ order, answer, seen }: Extract<Fact, { readonly type: "answered" }>): void {
    const { command } = order;
    check(seen <= durable.lastEvent, () => `${command.type} was answered before event ${seen} was durable`);
    if (isRefusal(answer) || command.type !== "deploy") return;
    const key = `${command.tenant}/${command.service} ${JSON.stringify(answer.born)}`;
    check(deployed.has(key), () => `a deployment was answered that the log does not hold: ${key}`);
  }

  function settled({ at, outcome }: Extract<Fact, { readonly type: "settled" }>): void {
    // Gave up waiting.
    if (isRefusal(outcome)) return;
    if (isOfAnother(outcome)) {
      const now = outcomeOf(durable, at);
      check(deleted.has(at.tenant) || isOfAnother(now), () => `${at.service} was said to be gone, and is not`);
      return;
    }
    check(
      outcomes.get(`${at.tenant}/${at.service}`)?.includes(canonical(outcome)) === true,
      () => `${at.tenant}/${at.service} was said to be ${JSON.stringify(outcome)}, which the log does not say`,
    );
  }
}

/** Of a service that was replaced, or went with its tenant. */
const isOfAnother = (outcome: Outcome): boolean =>
  outcome.name === "stopped" &&
  outcome.death.type === "stopped" &&
  (outcome.death.why === "replaced" || outcome.death.why === "tenant_deleted");
