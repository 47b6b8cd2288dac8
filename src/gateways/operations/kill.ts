/** Kill: answered when the service has ended. */
import { create } from "@bufbuild/protobuf";
import { KillRequestSchema, KillResponseSchema, statusValue, type StatusWord } from "../../api/index.ts";
import { isRefusal, sayDeath } from "../../base/index.ts";
import type { Outcome } from "../../kernel/index.ts";
import { countOf, serviceOf, tenantOf } from "./fields.ts";
import type { UnaryHandler } from "./handler.ts";
import { markOf } from "./request-mark.ts";

export const kill: UnaryHandler<"kill"> = async (ports, principal, request, signal) => {
  const tenant = tenantOf(principal, request.tenantId);
  if (isRefusal(tenant)) return tenant;
  const service = serviceOf(request.serviceId);
  if (isRefusal(service)) return service;
  const graceMs = countOf("timeout_ms", request.timeoutMs, { otherwise: 0, min: 1, max: 600_000 });
  if (isRefusal(graceMs)) return graceMs;
  const mark = markOf(ports, KillRequestSchema, request, tenant);
  if (isRefusal(mark)) return mark;

  const reply = await ports.command({
    principal,
    ...mark,
    command: { type: "kill", tenant, service, forced: request.force, ...(graceMs === 0 ? {} : { graceMs }) },
  });
  if (isRefusal(reply)) return reply;
  const [first] = reply.born;
  const outcome =
    reply.outcome.name === "pending" && first !== undefined
      ? await ports.settled({ tenant, service, incarnation: first.incarnation }, signal)
      : reply.outcome;
  if (isRefusal(outcome)) return outcome;
  return create(KillResponseSchema, {
    serviceId: service,
    finalStatus: statusValue(words[outcome.name]),
    reason: "death" in outcome ? sayDeath(outcome.death) : "",
  });
};

/** What is still pending has begun to stop. */
const words: Readonly<Record<Outcome["name"], StatusWord>> = {
  pending: "STOPPING",
  running: "RUNNING",
  failed: "ERROR",
  stopped: "STOPPED",
};
