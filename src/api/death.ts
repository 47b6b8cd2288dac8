/** Deaths and crashed stacks, from the words of the log to those of the contract. */
import { create, type JsonObject } from "@bufbuild/protobuf";
import { remedyOfDeath, sayDeath, type Death as DeathReason } from "../base/index.ts";
import { DeathSchema, type Death, type LogEntry } from "./gen/solo/v1/solo_pb.ts";

/** The guest's stack, if its own error ended it; else empty. */
export const stackOf = (reason: DeathReason): string => (reason.type === "crashed" ? reason.error.stack : "");

export function deathOf(
  reason: DeathReason,
  at: {
    readonly pid: string;
    readonly atMs: number;
    readonly event?: number;
    readonly lastLines?: readonly LogEntry[];
  },
): Death {
  const { type, ...rest } = reason;
  return create(DeathSchema, {
    type,
    summary: sayDeath(reason),
    pid: at.pid,
    atMs: BigInt(Math.trunc(at.atMs)),
    stack: stackOf(reason),
    detail: plainObject(rest),
    eventId: BigInt(at.event ?? 0),
    remedy: remedyOfDeath(reason),
    lastLines: [...(at.lastLines ?? [])],
  });
}

/** Data as JSON has it: what is absent is left out, bigint and the like do not occur in the kernel's records. */
export function plainObject(data: unknown): JsonObject {
  const parsed = JSON.parse(JSON.stringify(data ?? {})) as unknown;
  return typeof parsed === "object" && parsed !== null && !Array.isArray(parsed)
    ? (parsed as JsonObject)
    : { value: parsed as JsonObject };
}
