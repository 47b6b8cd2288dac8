/** The message that starts an incarnation in its cell, and what becomes of one whose artifacts cannot be had. */
import { type Death, type Refusal, remedy, type ResourceLimits, say } from "../base/index.ts";
import type { Release } from "../kernel/index.ts";
import type { KernelToCell } from "../wire/index.ts";
import type { Held } from "./cell.ts";

/** `environment`: the stored artifact, if the release has one. */
export const loadOf = (
  { service, instance, incarnation }: Held,
  release: Release,
  environment: Uint8Array | undefined,
  probation: boolean,
): KernelToCell => ({
  type: "load",
  service,
  instance,
  incarnation,
  release: release.id,
  limits: wallsOf(release.limits),
  environment: environment === undefined ? {} : environmentIn(environment),
  logLevel: release.logLevel,
  probation,
});

export const unloadable = (refusal: Refusal): Death => ({
  type: "crashed",
  where: "load",
  error: { name: refusal.refused, message: `${say(refusal)} ${remedy(refusal)}`, stack: "" },
});

/**
 * What the cell holds a service to. Where a violation shall not end it, there must be room to commit one: the isolate's own
 * walls, at which it dies of memory and may spawn nothing more, stand at twice the limits.
 */
const wallsOf = (limits: ResourceLimits): ResourceLimits =>
  limits.limitExceededAction === "kill"
    ? limits
    : {
        ...limits,
        maxMemoryBytes: Math.min(2 * limits.maxMemoryBytes, 64 * 1024 ** 3),
        maxProcesses: Math.min(2 * limits.maxProcesses, 100_000),
      };

/** Environments were written by this kernel; the artifact store has verified the bytes. */
const environmentIn = (bytes: Uint8Array): Readonly<Record<string, string>> => {
  const stored = JSON.parse(new TextDecoder().decode(bytes)) as { readonly environment: Record<string, string> };
  return stored.environment;
};
