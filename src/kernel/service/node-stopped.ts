/** The node shuts down: what should run is suspended until the next boot, and of each that ended badly it is said how. */
import type { Draft } from "../draft.ts";
import type { Input } from "../turn.ts";
import { isAlive } from "./life.ts";

export function nodeStopped(draft: Draft, input: Extract<Input, { readonly type: "node_stopped" }>): void {
  const { outcome } = input;
  let misfits = 0;
  for (const { tenant, incarnation, death } of input.misfits ?? []) {
    const at = draft.state.index.living.get(tenant)?.get(incarnation);
    const phase = at === undefined ? undefined : draft.service(tenant, at.service)?.instances.get(at.instance)?.phase;
    if (at === undefined || phase === undefined || !isAlive(phase) || phase.incarnation !== incarnation) continue;
    const { service, instance } = at;
    draft.record({
      type: "instance_stopped",
      tenant,
      subject: service,
      actor: "solo",
      payload: { service, instance, incarnation, death, resumes: true },
      cause: phase.because,
    });
    misfits += 1;
  }
  const payload = input.misfits === undefined ? { outcome } : { outcome, misfits };
  draft.record({ type: "system_stopped", subject: "node", actor: "solo", payload });
}
