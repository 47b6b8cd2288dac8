/** Call: a public method of a service, with its result. */
import { create } from "@bufbuild/protobuf";
import { CallResponseSchema, withEvidence, type Failure } from "../../api/index.ts";
import { isRefusal, limits, refuse, type Refusal, type ServiceId, type TenantId } from "../../base/index.ts";
import { principalName, type Principal } from "../../kernel/index.ts";
import type { CallFailed, Ports } from "../ports.ts";
import { callMarkOf } from "./call-mark.ts";
import { argsOf, countOf, methodOf, serviceOf, tenantOf } from "./fields.ts";
import type { UnaryHandler } from "./handler.ts";

export const call: UnaryHandler<"call"> = async (ports, principal, request, _signal, connectedMs) => {
  const aimed = aim(principal, request);
  if (isRefusal(aimed)) return aimed;
  const { at, args } = aimed;
  const timeoutMs = countOf("timeout_ms", request.timeoutMs, {
    otherwise: limits.callTimeoutMsDefault,
    min: 1,
    max: limits.callTimeoutMsMax,
  });
  if (isRefusal(timeoutMs)) return timeoutMs;
  const from = principalName(principal);
  const mark = callMarkOf(request, { from, service: at.service, method: at.method, args, connectedMs });
  if (mark !== undefined && isRefusal(mark)) return mark;
  if (!ports.isActive(at.tenant)) return absentTenant(ports, at.tenant);
  const outcome = await ports.router.call(at, args, timeoutMs, from, mark);
  return "result" in outcome ? create(CallResponseSchema, { result: outcome.result }) : failureOf(outcome);
};

/** Which method of which service is meant, with which arguments. */
export function aim(
  principal: Principal,
  request: {
    readonly tenantId: string;
    readonly serviceId: string;
    readonly method: string;
    readonly args: Uint8Array;
  },
): { readonly at: { tenant: TenantId; service: ServiceId; method: string }; readonly args: Uint8Array } | Refusal {
  const tenant = tenantOf(principal, request.tenantId);
  if (isRefusal(tenant)) return tenant;
  const service = serviceOf(request.serviceId);
  if (isRefusal(service)) return service;
  const method = methodOf(request.method);
  if (isRefusal(method)) return method;
  const args = argsOf(request.args);
  if (isRefusal(args)) return args;
  return { at: { tenant, service, method }, args };
}

/** That a tenant is not there is said once it is certain: its end may not be durable yet. */
export const absentTenant = (ports: Ports, tenant: TenantId): Promise<Refusal> =>
  ports.read(() => refuse("TENANT_NOT_FOUND", { tenant }));

export const failureOf = ({ refusal, executed, stack }: CallFailed): Failure =>
  withEvidence(refusal, { executed, ...(stack === undefined ? {} : { stack }) });
