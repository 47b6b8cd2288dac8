/** An incarnation's `init` finished: it runs. */
import type { Draft } from "../draft.ts";
import type { Born } from "../event.ts";
import type { Phase, Service } from "../state.ts";
import type { Input } from "../turn.ts";
import { living } from "./life.ts";

export function started(draft: Draft, input: Extract<Input, { readonly type: "started" }>): void {
  const { tenant, incarnation, cell, tookMs } = input;
  const at = draft.state.index.living.get(tenant)?.get(incarnation);
  const service = at === undefined ? undefined : draft.service(tenant, at.service);
  if (at === undefined || service === undefined) return;
  const phase = service.instances.get(at.instance)?.phase;
  // Late: it was told to stop, or is known to run.
  if (phase?.name !== "starting" || phase.incarnation !== incarnation) return;

  const header = { tenant, subject: service.id, actor: "solo", cause: phase.because };
  if (phase.first && isLast(service, phase)) {
    const born: readonly Born[] = living(service);
    const took = Math.max(tookMs, Math.round(draft.now - service.deployedAt));
    draft.record({ ...header, type: "service_deployed", payload: { service: service.id, born, cell, tookMs: took } });
    return;
  }
  const payload = { service: service.id, instance: at.instance, incarnation, cell, tookMs };
  draft.record(
    phase.first ? { ...header, type: "instance_started", payload } : { ...header, type: "service_restarted", payload },
  );
}

/** No other instance of the deployment is still to start. */
function isLast(service: Service, last: Phase): boolean {
  for (const { phase } of service.instances.values()) {
    if (phase !== last && phase.name !== "running" && phase.name !== "stopped") return false;
  }
  return true;
}
