/**
 * The memory of request ids: repeating a request returns its first answer, with what became of it. Made by `evolve` from
 * the marks in events, bounded in number and age. Refusals are not remembered: they changed nothing.
 */
import {
  type Death,
  type Instant,
  limits,
  type Refusal,
  refuse,
  type RequestId,
  type ServiceId,
  type TenantId,
} from "../base/index.ts";
import { abridge } from "./service/abridge.ts";
import type { Born, Event, Payloads, RequestMark } from "./event.ts";
import type { MutableState } from "./mutable.ts";
import type { Outcome, Remembered, Service } from "./state.ts";
import type { Reply } from "./turn.ts";

const tenantDeleted: Death = { type: "stopped", why: "tenant_deleted" };
/** Of operations that are done when they are decided. */
export const done: Outcome = { name: "running", born: [] };

/** The first answer to this request, brought up to date; undefined if it was never asked (or too long ago). */
export function recall(
  requests: ReadonlyMap<RequestId, Remembered>,
  mark: RequestMark | undefined,
  now: Instant,
): Reply | Refusal | undefined {
  const remembered = mark === undefined ? undefined : requests.get(mark.id);
  if (mark === undefined || remembered === undefined) return undefined;
  if (now - remembered.at > limits.requestRememberedMsMax) return undefined;
  if (remembered.fingerprint !== mark.fingerprint) return refuse("REQUEST_ID_REUSED", { requestId: mark.id });
  const { born, outcome, tookMs } = remembered;
  return { born, outcome, repeated: true, ...(tookMs === undefined ? {} : { tookMs }) };
}

interface Asked {
  readonly operation: Remembered["operation"];
  readonly request: RequestMark | undefined;
  readonly service?: ServiceId;
  readonly born?: readonly Born[];
  /** Where it is known at once. */
  readonly outcome?: Outcome;
  /** As in {@link Remembered}. */
  readonly deletes?: TenantId | undefined;
}

/** Of a tenant's own requests, until there are too many of them or they are too old. */
export function remember(requests: Map<RequestId, Remembered>, event: Event, asked: Asked): void {
  if (asked.request === undefined) return;
  put(requests, event, asked);
  for (const [id, oldest] of requests) {
    if (isYoung(oldest, event) && requests.size <= limits.requestsRememberedMax) break;
    requests.delete(id);
  }
}

/**
 * Of administrators' requests, until so many administrative events have followed, named or not, or they are too old. Which
 * are forgotten is told by headers alone: the payloads may be erased, and a replay without them must give the same state.
 */
export function administer(state: MutableState, event: Event, asked: Asked): void {
  const { administered, requests } = state;
  administered.push(event.id);
  if (administered.length > limits.requestsRememberedMax) administered.shift();
  put(requests, event, asked);
  for (const [id, oldest] of requests) {
    if (isYoung(oldest, event) && oldest.event >= (administered[0] ?? 0)) break;
    requests.delete(id);
  }
}

const isYoung = (remembered: Remembered, { timestamp }: Event): boolean =>
  timestamp - remembered.at <= limits.requestRememberedMsMax;

function put(requests: Map<RequestId, Remembered>, event: Event, asked: Asked): void {
  const { operation, request, service, born = [], deletes } = asked;
  if (request === undefined) return;
  const immediate = operation === "create_tenant" || operation === "issue_certificate";
  const outcome: Outcome = asked.outcome ?? (immediate ? done : { name: "pending" });
  requests.delete(request.id);
  requests.set(request.id, {
    id: request.id,
    fingerprint: request.fingerprint,
    at: event.timestamp,
    event: event.id,
    operation,
    ...(event.tenant === undefined ? {} : { tenant: event.tenant }),
    ...(service === undefined ? {} : { service }),
    ...(deletes === undefined ? {} : { deletes }),
    born,
    outcome,
  });
}

/** When a service's outcome is known, so is that of the requests that waited for it. */
export function settleRequests(requests: Map<RequestId, Remembered>, before: Service, after: Service): void {
  if (after.deployment.name === "pending" || before.awaiting.length === 0) return;
  const outcome = abridgeOutcome(after.deployment);
  for (const id of before.awaiting) {
    const remembered = requests.get(id);
    // The name may have been pushed out of memory, and be another request's now.
    if (remembered?.service === before.id) requests.set(id, { ...remembered, outcome });
  }
}

export const abridgeOutcome = (outcome: Outcome): Outcome =>
  "death" in outcome ? { ...outcome, death: abridge(outcome.death) } : outcome;

export function settleDeletion(requests: Map<RequestId, Remembered>, tenant: TenantId): void {
  for (const [id, remembered] of requests) {
    if (remembered.operation !== "delete_tenant" || (remembered.deletes ?? remembered.tenant) !== tenant) continue;
    if (remembered.outcome.name !== "pending") continue;
    requests.set(id, { ...remembered, outcome: { name: "stopped", death: tenantDeleted } });
  }
}

/** The node ended: so have the shutdowns that were asked for. */
export function settleShutdowns(requests: Map<RequestId, Remembered>, ended: Instant, death: Death): void {
  for (const [id, remembered] of requests) {
    if (remembered.operation !== "shut_down" || remembered.outcome.name !== "pending") continue;
    requests.set(id, { ...remembered, outcome: { name: "stopped", death }, tookMs: ended - remembered.at });
  }
}

/** The request by which the tenant was deleted, as far as it is remembered. */
export function deletionOf(requests: ReadonlyMap<RequestId, Remembered>, tenant: TenantId): RequestMark | undefined {
  for (const { id, fingerprint, operation, tenant: of } of requests.values()) {
    if (operation === "delete_tenant" && of === tenant) return { id, fingerprint };
  }
  return undefined;
}

/**
 * What erased payloads told is forgotten, so that a replay without them gives the same state. The deletion itself is told
 * again, as the node's own: another tenant of this name has no part in it.
 */
export function erase(state: MutableState, event: Event, of: Payloads["payload_erased"]): void {
  forgetErased(state.requests, of);
  if (of.deletion === undefined) return;
  const outcome: Outcome = { name: "stopped", death: tenantDeleted };
  administer(state, event, { operation: "delete_tenant", request: of.deletion, outcome });
}

function forgetErased(requests: Map<RequestId, Remembered>, of: Payloads["payload_erased"]): void {
  for (const [id, remembered] of requests) {
    if (remembered.tenant === of.erased && remembered.event <= of.through) requests.delete(id);
  }
}
