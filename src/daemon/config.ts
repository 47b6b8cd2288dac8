/**
 * The operator's settings: `config.json` in the data directory, read whenever a kernel starts. Every field may be left out;
 * one that is unknown or out of bounds refuses the start, since a limit that is silently not applied is none.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { sheddingDefaults, type SheddingLimits } from "../gateways/index.ts";
import type { BreakerPolicy } from "../host/index.ts";
import type { GaugeLimits } from "../observe/index.ts";
import { isMisfit, isRefusal, limits, type Of, optional, record, type Refusal, refuse, whole } from "../base/index.ts";

const mebibyte = 1024 * 1024;

const fields = {
  /** How often the resource monitor looks. */
  monitor_interval_ms: optional(whole(50, 3_600_000)),
  /** Of all user services of a tenant together. */
  tenant_memory_max_mb: optional(whole(8, 64 * 1024)),
  tenant_processes_max: optional(whole(1, 100_000)),
  /** Incarnations of a tenant that share a cell; one more gets another cell. */
  services_per_cell_max: optional(whole(1, limits.isolatesPerCellMax)),
  /** So many failures in a row open a service's circuit breaker, for so long. */
  breaker_failures_max: optional(whole(1, 1_000)),
  breaker_reset_ms: optional(whole(10, 3_600_000)),
  /** Calls under way at the gateways: in all, of one tenant, and how long one more waits for a place. */
  calls_in_flight_max: optional(whole(1, 100_000)),
  calls_in_flight_per_tenant_max: optional(whole(1, 100_000)),
  calls_wait_ms_max: optional(whole(1, 60_000)),
  /** Limits of what the node shares, below those of the system: at 80 % of each it warns, at 90 % it takes nothing new in. */
  descriptors_max: optional(whole(64, 10_000_000)),
  memory_max_mb: optional(whole(64, 64 * mebibyte)),
  memory_maps_max: optional(whole(256, 100_000_000)),
  processes_max: optional(whole(16, 10_000_000)),
  /** How late the kernel's event loop may be, at the median. */
  event_loop_delay_ms_max: optional(whole(10, 60_000)),
};
const fileShape = record(fields);

export interface Config {
  readonly monitorIntervalMs: number;
  readonly tenantMemoryBytesMax: number;
  readonly tenantProcessesMax: number;
  readonly servicesPerCellMax: number;
  readonly breaker: BreakerPolicy;
  readonly shedding: SheddingLimits;
  readonly gauges: GaugeLimits;
}

const complete = (file: Of<typeof fileShape>): Config => ({
  monitorIntervalMs: file.monitor_interval_ms ?? 5_000,
  tenantMemoryBytesMax: (file.tenant_memory_max_mb ?? 512) * mebibyte,
  tenantProcessesMax: file.tenant_processes_max ?? 100,
  servicesPerCellMax: file.services_per_cell_max ?? limits.isolatesPerCellMax,
  breaker: { failuresMax: file.breaker_failures_max ?? 5, resetMs: file.breaker_reset_ms ?? 30_000 },
  shedding: {
    ...sheddingDefaults,
    calls: {
      ...sheddingDefaults.calls,
      totalMax: file.calls_in_flight_max ?? sheddingDefaults.calls.totalMax,
      perTenantMax: file.calls_in_flight_per_tenant_max ?? sheddingDefaults.calls.perTenantMax,
      waitMsMax: file.calls_wait_ms_max ?? sheddingDefaults.calls.waitMsMax,
    },
  },
  gauges: {
    ...(file.descriptors_max === undefined ? {} : { descriptorsMax: file.descriptors_max }),
    ...(file.memory_max_mb === undefined ? {} : { memoryBytesMax: file.memory_max_mb * mebibyte }),
    ...(file.memory_maps_max === undefined ? {} : { memoryMapsMax: file.memory_maps_max }),
    ...(file.processes_max === undefined ? {} : { processesMax: file.processes_max }),
    eventLoopDelayMsMax: file.event_loop_delay_ms_max ?? 250,
  },
});

export const configFile = "config.json";

/** `forgiving`: what cannot be used is left aside, since a safe mode that refuses to start would be none. */
export function readConfig(dataDir: string, forgiving: boolean): Config | Refusal {
  const text = readText(join(dataDir, configFile));
  const config = isRefusal(text) ? text : parseConfig(text);
  return isRefusal(config) && forgiving ? complete({}) : config;
}

/** `text`: of the file; undefined if there is none. */
export function parseConfig(text: string | undefined): Config | Refusal {
  if (text === undefined) return complete({});
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    return unusable("", `is no JSON: ${error instanceof Error ? error.message : "unreadable"}`);
  }
  if (typeof value === "object" && value !== null) {
    const unknown = Object.keys(value).find((name) => !names.has(name));
    if (unknown !== undefined) return unusable(`.${unknown.slice(0, 64)}`, "is no known setting");
  }
  const file = fileShape(value);
  return isMisfit(file) ? unusable(file.at, file.misfit) : complete(file);
}

const names: ReadonlySet<string> = new Set(Object.keys(fields));

const unusable = (at: string, problem: string): Refusal =>
  refuse("INVALID_ARGUMENT", { field: `${configFile}${at}`, problem });

function readText(path: string): string | undefined | Refusal {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return code === "ENOENT" ? undefined : unusable("", `cannot be read: ${code ?? "unknown"}`);
  }
}
