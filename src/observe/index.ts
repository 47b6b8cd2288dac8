/**
 * observe: TELLS. What services log, for those who may see it. May assume that lines were cut to size by the cell.
 * Keeps P6: rings, files and queues are bounded.
 */
export type { ServiceLine } from "./service-line.ts";
export { ServiceLogs, type ServiceLogsSettings } from "./service-logs.ts";
export { type MonitorPowers, ResourceMonitor, type Sample } from "./resource-monitor.ts";
export { type Measured, type TenantLimits, type Violation } from "./violations.ts";
export { type CellCensus, type GaugeLimits, Gauges, type InitUse, type NodeCensus } from "./gauges.ts";
export { type Gauge, percentOf, type PressureChange } from "./pressure.ts";
export { type GaugeReader, PressureMonitor, type PressurePowers } from "./pressure-monitor.ts";
