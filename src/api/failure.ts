/**
 * Failures: a refusal with its evidence, and the google.rpc.Status that carries both to any client
 * (https://google.aip.dev/193). Encoded, it is the trailer `grpc-status-details-bin`; other gateways use the same record.
 *
 *   Failure ──statusOf──▶ google.rpc.Status ──bytes──▶ a client ──readStatus──▶ Trouble
 */
import { create, fromBinary, toBinary, type DescMessage, type MessageShape } from "@bufbuild/protobuf";
import { anyPack, anyUnpack, DurationSchema, type Any } from "@bufbuild/protobuf/wkt";
import { refusals, remedy, say, type Death as DeathReason, type Refusal, type RefusalCode } from "../base/index.ts";
import {
  BadRequestSchema,
  DebugInfoSchema,
  ErrorInfoSchema,
  HelpSchema,
  RetryInfoSchema,
  StatusSchema,
} from "./gen/google/rpc/status_pb.ts";
import {
  DeathSchema,
  DiagnosticSchema,
  LogEntrySchema,
  type Death,
  type Diagnostic,
  type LogEntry,
} from "./gen/solo/v1/solo_pb.ts";
import { deathOf, stackOf } from "./death.ts";
import { statusCodes } from "./status-codes.ts";

export type Executed = "not_executed" | "unknown" | "executed";

/** What stands behind a refusal, for whoever has to mend something. */
export interface Evidence {
  /** Whether what was asked may have happened: decides if asking again is safe. */
  readonly executed?: Executed;
  /** A guest's stack in the agent's own lines. */
  readonly stack?: string;
  readonly death?: { readonly reason: DeathReason; readonly pid: string; readonly atMs: number };
  readonly diagnostics?: readonly Diagnostic[];
  /** The service's last lines. */
  readonly logs?: readonly LogEntry[];
}

/** A refusal, possibly with evidence. */
export interface Failure extends Refusal {
  readonly evidence?: Evidence;
}

export const withEvidence = (refusal: Refusal, evidence: Evidence): Failure => ({ ...refusal, evidence });

/**
 * gRPC C core refuses trailers past 8 KiB, so that all of them must fit, in base64, beside the message: what matters most
 * comes first, a stack is cut, and what does not fit is left out.
 */
export const detailsBytesMax = 4_500;
export const messageLengthMax = 400;
const retryDelayMs = 250;
const domain = "solo";

export interface EncodedStatus {
  readonly code: number;
  readonly message: string;
  readonly details: Uint8Array;
}

/** A refusal as gRPC says it. */
export function statusOf(failure: Failure): EncodedStatus {
  const entry = refusals[failure.refused];
  const code = statusCodes[entry.status];
  const message = cut(say(failure), messageLengthMax);
  const details = fit(code, message, pieces(failure));
  return { code, message, details: toBinary(StatusSchema, create(StatusSchema, { code, message, details })) };
}

type Piece = { readonly any: Any } | { readonly stack: string };

function pieces(failure: Failure): readonly Piece[] {
  const { detail, evidence = {} } = failure;
  const entry = refusals[failure.refused];
  const metadata: Record<string, string> = {};
  for (const [name, value] of Object.entries(detail)) metadata[name] = cut(String(value), 300);
  if (evidence.executed !== undefined) metadata["executed"] = evidence.executed;
  const list: Piece[] = [pack(ErrorInfoSchema, { reason: failure.refused, domain, metadata })];
  list.push(pack(HelpSchema, { links: [{ description: cut(remedy(failure), 400), url: "" }] }));
  if (entry.retry === "later") {
    const delayMs = retryDelayOf(failure);
    const retryDelay = create(DurationSchema, {
      seconds: BigInt(Math.trunc(delayMs / 1_000)),
      nanos: (delayMs % 1_000) * 1_000_000,
    });
    list.push(pack(RetryInfoSchema, { retryDelay }));
  }
  const violation = violationOf(failure);
  if (violation !== undefined) list.push(pack(BadRequestSchema, { fieldViolations: [violation] }));
  const { death } = evidence;
  if (death !== undefined) {
    // Its stack follows as DebugInfo, where every client's library looks for one.
    list.push({
      any: anyPack(DeathSchema, { ...deathOf(death.reason, { pid: death.pid, atMs: death.atMs }), stack: "" }),
    });
  }
  for (const each of evidence.diagnostics?.slice(0, 3) ?? []) list.push({ any: anyPack(DiagnosticSchema, each) });
  const stack = evidence.stack ?? (death === undefined ? "" : stackOf(death.reason));
  if (stack !== "") list.push({ stack });
  for (const each of evidence.diagnostics?.slice(3) ?? []) list.push({ any: anyPack(DiagnosticSchema, each) });
  // The newest lines say most: they are the first to be given room, and are put in order again by time.
  for (const each of evidence.logs?.toReversed() ?? []) {
    list.push({ any: anyPack(LogEntrySchema, { ...each, message: cut(each.message, 300) }) });
  }
  return list;
}

/** As the refusal itself says, where it knows. */
function retryDelayOf({ detail }: Failure): number {
  const { retryAfterMs } = detail;
  return typeof retryAfterMs === "number" && retryAfterMs > 0 ? Math.round(retryAfterMs) : retryDelayMs;
}

function violationOf(failure: Failure): { field: string; description: string; reason: string } | undefined {
  const { field, problem } = failure.detail;
  if (failure.refused === "INVALID_ARGUMENT") {
    return { field: String(field ?? ""), description: String(problem ?? ""), reason: failure.refused };
  }
  if (failure.refused === "SYNTAX_ERROR")
    return { field: "code", description: cut(say(failure), 300), reason: failure.refused };
  if (failure.refused === "REQUEST_ID_REUSED") {
    return { field: "request_id", description: say(failure), reason: failure.refused };
  }
  return undefined;
}

function fit(code: number, message: string, wanted: readonly Piece[]): Any[] {
  const kept: Any[] = [];
  const size = (): number => toBinary(StatusSchema, create(StatusSchema, { code, message, details: kept })).length;
  for (const piece of wanted) {
    if ("any" in piece) {
      kept.push(piece.any);
      if (size() > detailsBytesMax) kept.pop();
      continue;
    }
    for (let lines = piece.stack.split("\n").slice(0, 50); lines.length > 0; lines = lines.slice(0, -1)) {
      const stackEntries = lines.map((line) => cut(line, 400));
      kept.push(pack(DebugInfoSchema, { stackEntries, detail: "" }).any);
      if (size() <= detailsBytesMax) break;
      kept.pop();
    }
  }
  return kept;
}

function pack<D extends DescMessage>(schema: D, init: Parameters<typeof create<D>>[1]): { readonly any: Any } {
  return { any: anyPack(schema, create(schema, init)) };
}

/** Well-formed whatever the text is, and wherever it is cut: half a character cannot be sent. */
const cut = (text: string, lengthMax: number): string =>
  (text.length <= lengthMax ? text : `${text.slice(0, lengthMax - 1)}…`).toWellFormed();

/** What a client learns from a failed call. */
export interface Trouble {
  /** A code of Solo's registry; UNKNOWN if the server that answered was not a Solo. */
  readonly code: RefusalCode | "UNKNOWN";
  readonly detail: Readonly<Record<string, string>>;
  readonly remedy: string;
  readonly retry: "never" | "later";
  readonly retryDelayMs: number;
  readonly executed?: Executed;
  readonly stack?: string;
  readonly fields: readonly { readonly field: string; readonly description: string }[];
  readonly death?: Death;
  readonly diagnostics: readonly Diagnostic[];
  readonly logs: readonly LogEntry[];
}

/** Reads the details of a status; never throws, whatever the bytes are. */
export function readStatus(bytes: Uint8Array | undefined): Trouble {
  const details = bytes === undefined ? [] : parse(bytes);
  const find = <D extends DescMessage>(schema: D): MessageShape<D> | undefined => all(details, schema)[0];
  const info = find(ErrorInfoSchema);
  const { executed, ...detail } = info?.metadata ?? {};
  const retryDelay = find(RetryInfoSchema)?.retryDelay;
  const stack = find(DebugInfoSchema)?.stackEntries.join("\n");
  const death = find(DeathSchema);
  return {
    code: info?.domain === domain && isCode(info.reason) ? info.reason : "UNKNOWN",
    detail,
    remedy: find(HelpSchema)?.links[0]?.description ?? "",
    retry: retryDelay === undefined ? "never" : "later",
    retryDelayMs: retryDelay === undefined ? 0 : Number(retryDelay.seconds) * 1_000 + retryDelay.nanos / 1_000_000,
    ...(isExecuted(executed) ? { executed } : {}),
    ...(stack === undefined ? {} : { stack }),
    fields: find(BadRequestSchema)?.fieldViolations.map(({ field, description }) => ({ field, description })) ?? [],
    ...(death === undefined ? {} : { death }),
    diagnostics: all(details, DiagnosticSchema),
    logs: all(details, LogEntrySchema).toReversed(),
  };
}

const isCode = (reason: string): reason is RefusalCode => Object.hasOwn(refusals, reason);

const isExecuted = (value: string | undefined): value is Executed =>
  value === "not_executed" || value === "unknown" || value === "executed";

function parse(bytes: Uint8Array): readonly Any[] {
  try {
    return fromBinary(StatusSchema, bytes).details;
  } catch {
    // Not a google.rpc.Status: another kind of server answered.
    return [];
  }
}

function all<D extends DescMessage>(details: readonly Any[], schema: D): readonly MessageShape<D>[] {
  return details.flatMap((any) => {
    try {
      const message = anyUnpack(any, schema);
      return message === undefined ? [] : [message];
    } catch {
      return [];
    }
  });
}
