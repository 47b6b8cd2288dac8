/**
 * The laws of supervision: an instance never lives twice at once; nothing starts before it is due; a service does not restart
 * more often than it may, victims of others aside.
 */
import { type Death, type EventId, type Instant, isAbnormal } from "../../base/index.ts";
import { type Event, evolve, initialState, type Release } from "../../kernel/index.ts";
import { type Checker, type Fact, promise } from "../world/facts.ts";
import { type Life, lifeKey, sayLife } from "../world/life.ts";

const check: ReturnType<typeof promise> = promise("supervision");

/** One service's restarts since it was deployed, or last rested. */
interface Budget {
  readonly release: Release;
  readonly spent: Instant[];
  /** The end that led to the last restart: it may restart several instances. */
  newest: EventId;
}

export function supervision(): Checker {
  const slots = new Map<string, Life>();
  const state = initialState();
  const budgets = new Map<string, Budget>();
  /** Of ends that may lead to restarts. */
  const ends = new Map<EventId, Death>();

  return {
    promise: "supervision",
    see: (fact: Fact) => {
      switch (fact.type) {
        case "life_began":
          return began(fact.life);
        case "committed":
          for (const event of fact.events) take(event);
          return;
        default:
          return;
      }
    },
  };

  function began(life: Life): void {
    const slot = `${life.tenant}@${life.tenantSince}/${life.service}/${life.instance}`;
    const other = slots.get(slot);
    check(
      other === undefined || other.phase === "ended",
      () => `${sayLife(life)} began beside ${sayLife(other as Life)}, ${lifeKey(life)}`,
    );
    slots.set(slot, life);
  }

  function take(event: Event): void {
    const { tenant } = event;
    if (tenant !== undefined && event.payload !== undefined) {
      switch (event.type) {
        case "deployment_requested":
          budgets.set(`${tenant}/${event.payload.service}`, {
            release: event.payload.release,
            spent: [],
            newest: event.id,
          });
          break;
        case "service_crashed":
        case "instance_stopped":
          ends.set(event.id, event.payload.death);
          break;
        case "service_rested":
          budgets.get(`${tenant}/${event.payload.service}`)?.spent.splice(0);
          break;
        case "service_restart_scheduled":
          scheduled(`${tenant}/${event.payload.service}`, event);
          break;
        case "service_restarting":
          restarting(event);
          break;
        default:
          break;
      }
    }
    evolve(state, event);
  }

  function scheduled(key: string, { id, causation, timestamp }: Event): void {
    const budget = budgets.get(key);
    check(budget !== undefined && causation !== undefined, () => `event ${id} restarts what was never deployed`);
    if (causation === budget.newest) return;
    budget.newest = causation;
    const death = ends.get(causation);
    check(death !== undefined, () => `event ${id} restarts ${key} without an end`);
    const { restart, supervision: spec } = budget.release;
    const wanted = restart === "permanent" || (restart === "transient" && isAbnormal(death));
    check(wanted, () => `event ${id} restarts ${key}, which is ${restart}`);
    if (isBlameless(death)) return;
    const { restartsMax, withinMs } = spec.intensity;
    budget.spent.push(timestamp);
    const recent = budget.spent.filter((at) => timestamp - at <= withinMs).length;
    check(
      recent <= restartsMax,
      () => `${key} restarted ${recent} times within ${withinMs} ms; ${restartsMax} are allowed`,
    );
  }

  function restarting({
    id,
    tenant,
    payload,
    timestamp,
  }: Extract<Event, { readonly type: "service_restarting" }>): void {
    if (tenant === undefined || payload === undefined) return;
    const phase = state.tenants.get(tenant)?.services.get(payload.service)?.instances.get(payload.instance)?.phase;
    check(
      phase?.name === "suspended" || phase?.name === "waiting" || phase?.name === "resting",
      () => `event ${id} starts ${tenant}/${payload.service} again, which is ${phase?.name ?? "not there"}`,
    );
    if (phase.name === "suspended") return;
    check(
      timestamp >= phase.until,
      () => `event ${id} starts ${tenant}/${payload.service} ${phase.until - timestamp} ms early`,
    );
  }
}

/** By the rules of DESIGN §7: victims do not pay, nor does who is suspected for the first time. */
function isBlameless(death: Death): boolean {
  if (death.type === "shed") return true;
  if (death.type !== "cell_lost") return false;
  const { type } = death.loss;
  if (type === "node" || type === "closed") return true;
  return type !== "spawn" && (death.suspect === undefined ? death.inFlight === "no" : death.suspect === "first");
}
