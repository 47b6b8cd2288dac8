/**
 * P3, no lost truth, of repeated requests: a request_id is carried out once, and repeating it returns the first answer, after
 * every crash; the same name for something else is refused. Remembered are so many, for so long.
 */
import { type EventId, type Instant, isRefusal, limits } from "../../base/index.ts";
import type { Born, Event, Payloads, RequestMark } from "../../kernel/index.ts";
import { type Checker, type CommandOrder, type Fact, promise } from "../world/facts.ts";

const check: ReturnType<typeof promise> = promise("P3");

interface Done {
  readonly fingerprint: string;
  readonly event: EventId;
  readonly at: Instant;
  readonly tenant: string;
  readonly born: readonly Born[] | undefined;
  /** How many were remembered in its scope, this one included. */
  readonly nth: number;
}

interface Scope {
  readonly done: Map<string, Done>;
  count: number;
}

const isErased = (done: Done, { erased, through }: Payloads["payload_erased"]): boolean =>
  done.tenant === erased && done.event <= through;

/** Said of who may not ask, or of what is not there, before any memory is looked at. */
const before = new Set(["TENANT_NOT_FOUND", "SERVICE_NOT_FOUND", "NOT_ADMIN", "STARTING", "SHUTTING_DOWN"]);

export function p3Requests(): Checker {
  const node: Scope = { done: new Map(), count: 0 };
  const tenants = new Map<string, Scope>();
  /** Erasures that the state knows of and the disk does not yet. */
  let erasing: Payloads["payload_erased"][] = [];

  return {
    promise: "P3",
    see: (fact: Fact) => {
      if (fact.type === "committed") for (const event of fact.events) take(event);
      if (fact.type === "kernel_died") erasing = [];
      if (fact.type === "evolved") {
        for (const event of fact.events) {
          if (event.type === "payload_erased" && event.payload !== undefined) erasing.push(event.payload);
        }
      }
      if (fact.type === "decided" && fact.input.type === "command") judge(fact.input, fact);
    },
  };

  function take(event: Event): void {
    const { tenant } = event;
    switch (event.type) {
      case "tenant_created":
        if (tenant !== undefined) tenants.set(tenant, { done: new Map(), count: 0 });
        return remember(node, event, event.payload?.request, undefined);
      case "tenant_deletion_requested":
      case "tenant_deletion_noted":
      case "certificate_issued":
      case "shutdown_requested":
        return remember(node, event, event.payload?.request, undefined);
      case "tenant_deleted":
        if (tenant !== undefined) tenants.delete(tenant);
        return;
      case "payload_erased":
        // What was erased is forgotten.
        for (const [id, done] of node.done) {
          if (event.payload !== undefined && isErased(done, event.payload)) node.done.delete(id);
        }
        erasing = erasing.filter(({ erased }) => erased !== event.payload?.erased);
        // The deletion itself is still known, as the node's own.
        return remember(node, event, event.payload?.deletion, undefined);
      case "deployment_requested":
        return remember(scopeOf(tenant), event, event.payload?.request, event.payload?.born);
      case "service_kill_requested":
      case "service_kill_noted":
        return remember(scopeOf(tenant), event, event.payload?.request, undefined);
      default:
        return;
    }
  }

  function scopeOf(tenant: string | undefined): Scope {
    return tenants.get(tenant ?? "") ?? { done: new Map(), count: 0 };
  }

  function remember(
    scope: Scope,
    event: Event,
    mark: RequestMark | undefined,
    born: readonly Born[] | undefined,
  ): void {
    if (mark === undefined) return;
    const known = find(scope, mark.id, event.timestamp);
    check(
      known === undefined,
      () => `request ${mark.id} was carried out by event ${known?.event ?? 0} and ${event.id}`,
    );
    const { id, timestamp, tenant = "" } = event;
    scope.count += 1;
    scope.done.set(mark.id, {
      fingerprint: mark.fingerprint,
      event: id,
      at: timestamp,
      tenant,
      born,
      nth: scope.count,
    });
  }

  /** What is surely remembered. */
  function find(scope: Scope, id: string, now: Instant): Done | undefined {
    const done = scope.done.get(id);
    if (done === undefined || now - done.at > limits.requestRememberedMsMax) return undefined;
    // Those in the queue for the disk may have pushed it out already.
    return scope.count - done.nth < limits.requestsRememberedMax / 2 ? done : undefined;
  }

  function judge({ request, command }: CommandOrder, { turn, now }: Extract<Fact, { readonly type: "decided" }>): void {
    if (request === undefined || turn.reply === undefined) return;
    if (!isRefusal(turn.reply) && !turn.reply.repeated) {
      const marks = turn.events.filter(({ payload }) => "request" in payload && payload.request?.id === request.id);
      check(marks.length === 1, () => `${request.id} is answered (${command.type}), and the log will not know of it`);
    }
    const ofTenant = command.type === "deploy" || command.type === "kill";
    const done = find(ofTenant ? scopeOf(command.tenant) : node, request.id, now);
    if (done === undefined || erasing.some((of) => isErased(done, of))) return;
    const { reply } = turn;
    if (isRefusal(reply) && before.has(reply.refused)) return;
    if (done.fingerprint !== request.fingerprint) {
      check(
        isRefusal(reply) && reply.refused === "REQUEST_ID_REUSED",
        `${request.id} was asked again for something else, and not refused`,
      );
      return;
    }
    check(!isRefusal(reply), () => `${request.id} was done by event ${done.event}, and refused when it was repeated`);
    check(reply.repeated && turn.events.length === 0, `${request.id} was carried out again`);
    if (done.born === undefined) return;
    const [first, again] = [JSON.stringify(done.born), JSON.stringify(reply.born)];
    check(first === again, () => `${request.id} was answered with ${again} instead of ${first}`);
  }
}
