/** The gRPC status codes and their numbers (https://grpc.github.io/grpc/core/md_doc_statuscodes.html). */
import type { StatusName } from "../base/index.ts";

export const statusCodes: Readonly<Record<StatusName | "OK" | "UNKNOWN" | "OUT_OF_RANGE", number>> = {
  OK: 0,
  CANCELLED: 1,
  UNKNOWN: 2,
  INVALID_ARGUMENT: 3,
  DEADLINE_EXCEEDED: 4,
  NOT_FOUND: 5,
  ALREADY_EXISTS: 6,
  PERMISSION_DENIED: 7,
  RESOURCE_EXHAUSTED: 8,
  FAILED_PRECONDITION: 9,
  ABORTED: 10,
  OUT_OF_RANGE: 11,
  UNIMPLEMENTED: 12,
  INTERNAL: 13,
  UNAVAILABLE: 14,
  DATA_LOSS: 15,
  UNAUTHENTICATED: 16,
};

const names = new Map(Object.entries(statusCodes).map(([name, code]) => [code, name as keyof typeof statusCodes]));

export type StatusCodeName = keyof typeof statusCodes;

export const statusNameOf = (code: number): StatusCodeName => names.get(code) ?? "UNKNOWN";
