/** Kernels that are killed and nodes that are started again, while services live: how long until all is as it was. */
import process from "node:process";
import { setTimeout as wait } from "node:timers/promises";
import { Status_Value } from "../../src/api/index.ts";
import type { SoloClient } from "../../src/client/index.ts";
import { type Solo, until } from "../../test/e2e/solo.ts";
import { type Figures, figures, inParallel } from "./measure.ts";

/** What is asked again and again until somebody answers; both without the patience that a client has by itself. */
export interface Asked {
  readonly call: () => Promise<unknown>;
  readonly status: () => Promise<unknown>;
}

export function asking(client: SoloClient, at: { readonly tenantId: string; readonly serviceId: string }): Asked {
  const once = { retryForMs: 0 };
  return {
    call: () => client.call({ ...at, method: "add", args: Buffer.from("[1]") }, once),
    status: () => client.status(at, once),
  };
}

export interface Recovered {
  /** From the kill to the first answer, in milliseconds. */
  readonly called: Figures;
  readonly controlled: Figures;
}

/** An heir says nothing when it has loaded its program. */
const loadedMs = 1_500;
/** Asking costs the node something too. */
const lookEveryMs = 100;

/**
 * Kills the kernel `times` times with -9, each time when the next one stands ready, as it does where kernels die seldom; with
 * `heirless`, that one is killed with it. More than five ends in half a minute would be a crash loop to init.
 */
export async function killKernels(solo: Solo, times: number, asked: Asked, heirless = false): Promise<Recovered> {
  const called: number[] = [];
  const controlled: number[] = [];
  for (let n = 0; n < times; n++) {
    await until("an heir", () => solo.processes().some(({ role }) => role === "heir"));
    await wait(loadedMs);
    const doomed = solo.processes().filter(({ role }) => role === "kernel" || (heirless && role === "heir"));
    const began = performance.now();
    for (const { pid } of doomed) process.kill(pid, "SIGKILL");
    // Both from the kill on: neither waits for the other.
    const answeredMs = async (what: string, ask: () => Promise<unknown>): Promise<number> => {
      await until(what, () => answers(ask));
      return performance.now() - began;
    };
    const [callMs, statusMs] = await Promise.all([
      answeredMs("a call is answered", asked.call),
      answeredMs("a status is answered", asked.status),
    ]);
    called.push(callMs);
    controlled.push(statusMs);
  }
  return { called: figures(called), controlled: figures(controlled) };
}

async function answers(ask: () => Promise<unknown>): Promise<boolean> {
  try {
    await ask();
    return true;
  } catch {
    return false;
  }
}

export interface ColdStart {
  readonly readyMs: number;
  readonly allRunningMs: number;
}

export const tenants = Array.from({ length: 10 }, (_, n) => `agent-${n}`);
export const deploysAtOnce = 8;

/** Service number n is dealt to this tenant, and has this name there. */
export const placeOf = (n: number): { readonly tenantId: string; readonly serviceId: string } => ({
  tenantId: tenants[n % tenants.length] ?? "",
  serviceId: `s-${n}`,
});

/** Deals services to the ten tenants, which exist. */
export const deal = (
  admin: SoloClient,
  code: Uint8Array,
  numbers: { readonly from: number; readonly to: number },
): ReturnType<typeof inParallel> =>
  inParallel(deploysAtOnce, numbers.to - numbers.from, (n) => admin.deploy({ ...placeOf(numbers.from + n), code }));

/** Stops the node and starts it again; until all of the `count` services that were dealt out run. */
export async function startCold(solo: Solo, count: number): Promise<ColdStart> {
  await solo.stop();
  const began = performance.now();
  await solo.startAgain();
  const readyMs = performance.now() - began;
  const admin = await solo.client("admin");
  for (const [n, tenantId] of tenants.entries()) {
    await untilAllRun(admin, tenantId, Math.ceil((count - n) / tenants.length));
  }
  return { readyMs: Math.round(readyMs), allRunningMs: Math.round(performance.now() - began) };
}

export async function untilAllRun(admin: SoloClient, tenantId: string, count: number): Promise<void> {
  const all = async (): Promise<boolean> => {
    const { services } = await admin.list({ tenantId });
    if (services.filter(({ status }) => status === Status_Value.RUNNING).length === count) return true;
    await wait(lookEveryMs);
    return false;
  };
  await until(`${count} services of ${tenantId} run`, all, 600_000);
}
