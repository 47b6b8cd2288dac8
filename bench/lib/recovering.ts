/** Kernels that are killed and nodes that are started again, while services live: how long until all is as it was. */
import process from "node:process";
import { setTimeout as wait } from "node:timers/promises";
import { Status_Value } from "../../src/api/index.ts";
import type { SoloClient } from "../../src/client/index.ts";
import { type Solo, until } from "../../test/e2e/solo.ts";
import { type Figures, figures } from "./measure.ts";

/** What is asked again and again until somebody answers. */
export interface Asked {
  readonly call: () => Promise<unknown>;
  readonly status: () => Promise<unknown>;
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
    await until("a call is answered", () => answers(asked.call));
    called.push(performance.now() - began);
    await until("a status is answered", () => answers(asked.status));
    controlled.push(performance.now() - began);
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

/** Stops the node and starts it again; until all services of these tenants run, `perTenant` each. */
export async function startCold(solo: Solo, tenants: readonly string[], perTenant: number): Promise<ColdStart> {
  await solo.stop();
  const began = performance.now();
  await solo.startAgain();
  const readyMs = performance.now() - began;
  const admin = await solo.client("admin");
  for (const tenantId of tenants) {
    await untilAllRun(admin, tenantId, perTenant);
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
