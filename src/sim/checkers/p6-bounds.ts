/** P6, everything has a limit: nothing that the kernel keeps or queues ever passes its own. */
import { limits } from "../../base/index.ts";
import {
  abridgedDeath,
  type Command,
  intensityMax,
  lostCellsKeptMax,
  recoveriesMax,
  recoveriesPerTenantMax,
  type Service,
  type State,
  startsPerTurnMax,
  tenantSupervision,
} from "../../kernel/index.ts";
import { type Checker, type Fact, promise } from "../world/facts.ts";

const check: ReturnType<typeof promise> = promise("P6");

export function p6Bounds(): Checker {
  return {
    promise: "P6",
    see: (fact: Fact) => {
      if (fact.type === "decided") turnIsBounded(fact);
      if (fact.type === "evolved") queueIsBounded(fact);
      if (fact.type === "idle" || fact.type === "recovered" || fact.type === "at_rest") stateIsBounded(fact.state);
      if (fact.type === "at_rest") within("cells that are nobody's", fact.warm.cells, fact.warm.cellsMax);
    },
  };
}

function within(what: string, found: number, max: number): void {
  check(found <= max, () => `${what}: ${found}, and the limit is ${max}`);
}

function turnIsBounded({ input, turn, state }: Extract<Fact, { readonly type: "decided" }>): void {
  if (input.type === "command" && input.command.type === "deploy" && turn.events.length > 0)
    quotaHolds(state, input.command);
  if (input.type !== "woken") return;
  const started = new Set(
    turn.effects.flatMap((effect) => (effect.type === "start" ? [`${effect.tenant}/${effect.service}`] : [])),
  );
  within("services started in one turn", started.size, startsPerTurnMax + recoveriesMax);
}

/** What runs or should, with what is to be deployed, is within what the tenant may have. */
function quotaHolds(
  state: State,
  { tenant, release, instances, quota }: Extract<Command, { readonly type: "deploy" }>,
): void {
  if (quota === undefined || release.tier === "system") return;
  let processes = instances;
  for (const service of state.tenants.get(tenant)?.services.values() ?? []) {
    if (service.release.tier === "system") continue;
    for (const { phase } of service.instances.values()) if (phase.name !== "stopped") processes++;
  }
  within(`processes of ${tenant}`, processes, quota.processesMax);
}

function queueIsBounded({ state, queued, events }: Extract<Fact, { readonly type: "evolved" }>): void {
  within("events that wait for the disk", queued, limits.commitQueueReportsMax);
  let all = 0;
  for (const [tenant, count] of state.index.recovering) {
    within(`recoveries of ${tenant}`, count, recoveriesPerTenantMax);
    all += count;
  }
  within("recoveries", all, recoveriesMax);
  for (const { tenant, payload } of events) {
    if (tenant === undefined || payload === undefined || !("service" in payload)) continue;
    const service = state.tenants.get(tenant)?.services.get(payload.service);
    if (service !== undefined) serviceIsBounded(service);
  }
}

function stateIsBounded({ tenants, requests, retiring, lost }: State): void {
  within("lost cells known", lost.size, lostCellsKeptMax);
  within("tenants", tenants.size + retiring.size, limits.tenantsMax);
  within("requests remembered", requests.size, limits.requestsRememberedMax);
  for (const { id, services, requests: remembered } of tenants.values()) {
    within(`services of ${id}`, services.size, limits.servicesPerTenantMax);
    within(`requests remembered of ${id}`, remembered.size, limits.requestsRememberedMax);
  }
}

function serviceIsBounded({ instances, deaths, restarts, tenantRestarts, awaiting }: Service): void {
  within("instances", instances.size, limits.instancesPerServiceMax);
  within("deaths kept", deaths.length, limits.deathsKeptMax);
  within("restarts kept", restarts.length, intensityMax.restartsMax);
  within("rests kept", tenantRestarts.length, tenantSupervision.intensity.restartsMax);
  within("requests that wait for one service", awaiting.length, limits.requestsRememberedMax);
  for (const { death } of deaths.slice(0, -1)) {
    if (death.type === "crashed")
      within("words of an old death", death.error.message.length, abridgedDeath.messageLengthMax);
  }
}
