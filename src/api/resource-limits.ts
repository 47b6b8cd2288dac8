/** ResourceLimits of the contract (absent or zero: the default) to and from those of the kernel. */
import { create } from "@bufbuild/protobuf";
import {
  isMisfit,
  refuse,
  resourceLimitsDefault,
  resourceLimitsShape,
  type Refusal,
  type ResourceLimits as Limits,
} from "../base/index.ts";
import { ResourceLimitAction_Value, ResourceLimitsSchema, type ResourceLimits } from "./gen/solo/v1/solo_pb.ts";

const actions = ["kill", "throttle", "warn"] as const;

/** Completes what a client gave. `field` names it in the refusal. */
export function parseResourceLimits(
  given: ResourceLimits | undefined,
  defaults: Limits = resourceLimitsDefault,
  field = "resource_limits",
): Limits | Refusal {
  if (given === undefined) return defaults;
  const action = actions[given.limitExceededAction];
  if (action === undefined) {
    return refuse("INVALID_ARGUMENT", { field: `${field}.limit_exceeded_action`, problem: "is no known action" });
  }
  const or = (value: number, otherwise: number): number => (value === 0 ? otherwise : value);
  const limits = resourceLimitsShape({
    maxMemoryBytes: or(Number(given.maxMemoryBytes), defaults.maxMemoryBytes),
    maxProcesses: or(given.maxProcesses, defaults.maxProcesses),
    cpuShares: or(given.cpuShares, defaults.cpuShares),
    messageQueueLimit: or(given.messageQueueLimit, defaults.messageQueueLimit),
    startupTimeoutMs: or(given.startupTimeoutMs, defaults.startupTimeoutMs),
    shutdownTimeoutMs: or(given.shutdownTimeoutMs, defaults.shutdownTimeoutMs),
    cpuTimeMs: or(given.cpuTimeMs, defaults.cpuTimeMs),
    limitExceededAction: action,
  });
  if (!isMisfit(limits)) return limits;
  return refuse("INVALID_ARGUMENT", { field: `${field}${snake(limits.at)}`, problem: limits.misfit });
}

/** Names of the contract are snake_case: `.maxMemoryBytes` → `.max_memory_bytes`. */
const snake = (path: string): string => path.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

export function resourceLimitsOf(limits: Limits): ResourceLimits {
  return create(ResourceLimitsSchema, {
    maxMemoryBytes: BigInt(limits.maxMemoryBytes),
    maxProcesses: limits.maxProcesses,
    cpuShares: limits.cpuShares,
    messageQueueLimit: limits.messageQueueLimit,
    startupTimeoutMs: limits.startupTimeoutMs,
    shutdownTimeoutMs: limits.shutdownTimeoutMs,
    limitExceededAction:
      ResourceLimitAction_Value[limits.limitExceededAction.toUpperCase() as Uppercase<Limits["limitExceededAction"]>],
    cpuTimeMs: limits.cpuTimeMs,
  });
}
