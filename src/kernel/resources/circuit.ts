/** What the circuit breakers of the data plane did, for the log. The state knows nothing of it: a new kernel's are closed. */
import type { Draft } from "../draft.ts";
import type { Input } from "../turn.ts";

export function circuitOpened(draft: Draft, input: Extract<Input, { readonly type: "circuit_opened" }>): void {
  const { type: _, tenant, ...payload } = input;
  const service = draft.service(tenant, payload.service);
  if (service === undefined) return;
  const cause = service.deaths.at(-1)?.event ?? service.deployedBy;
  draft.record({ type: "circuit_breaker_opened", tenant, subject: service.id, actor: "solo", payload, cause });
}

export function circuitClosed(draft: Draft, input: Extract<Input, { readonly type: "circuit_closed" }>): void {
  const { type: _, tenant, ...payload } = input;
  const service = draft.service(tenant, payload.service);
  if (service === undefined) return;
  draft.record({ type: "circuit_breaker_closed", tenant, subject: service.id, actor: "solo", payload });
}
