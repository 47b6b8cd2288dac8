/**
 * What the end of a kernel leads to, as data.
 *
 *   normal ──more than 5 ends in 30 s──▶ safe (read-only) ──ended again──▶ safe, after a growing wait, for ever
 *     └──ended──▶ normal, after a small wait
 *
 * Only a new start of Solo leaves safe mode: whoever reads its reason decides.
 */
import { backoffMs, type SupervisorSpec, supervise } from "../base/index.ts";

export const kernelSupervision: SupervisorSpec = {
  strategy: "one_for_one",
  intensity: { restartsMax: 5, withinMs: 30_000 },
  backoff: { firstMs: 5, factor: 3, waitMsMax: 1_000 },
};

const safeBackoff = { firstMs: 1_000, factor: 2, waitMsMax: 30_000 };

export type KernelMode =
  | { readonly name: "normal"; readonly restarts: readonly number[] }
  | { readonly name: "safe"; readonly why: string; readonly ends: number };

export interface NextKernel {
  readonly mode: KernelMode;
  readonly delayMs: number;
}

/** Pure. `why` says how this kernel ended; `now` is in milliseconds of any steady clock. */
export function decideNextKernel(mode: KernelMode, why: string, now: number): NextKernel {
  if (mode.name === "safe") {
    const ends = mode.ends + 1;
    return { mode: { ...mode, ends }, delayMs: backoffMs(safeBackoff, ends) };
  }
  const children = [{ id: "kernel", restart: "permanent" }] as const;
  const next = supervise(kernelSupervision, children, mode.restarts, { child: "kernel", kind: "abnormal" }, now);
  return next.type === "restart"
    ? { mode: { name: "normal", restarts: next.restarts }, delayMs: next.delayMs }
    : { mode: { name: "safe", why, ends: 0 }, delayMs: 0 };
}
