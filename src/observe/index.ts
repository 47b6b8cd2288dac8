/**
 * observe: TELLS. What services log, for those who may see it. May assume that lines were cut to size by the cell.
 * Keeps P6: rings, files and queues are bounded.
 */
export { type ServiceLine, ServiceLogs } from "./service-logs.ts";
