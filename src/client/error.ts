/** What a failed call throws: Solo's own refusals, and the ways in which a call may not even reach a Solo. */
import { status as codes, type ServiceError } from "@grpc/grpc-js";
import {
  readStatus,
  statusNameOf,
  type Death,
  type Diagnostic,
  type Executed,
  type LogEntry,
  type StatusCodeName,
  type Trouble,
} from "../api/index.ts";
import type { RefusalCode } from "../base/index.ts";

export type SoloErrorCode =
  | RefusalCode
  /** No Solo answered: it is not there, or does not accept this certificate. */
  | "UNREACHABLE"
  /** The caller's own deadline passed, or its signal fired. */
  | "TIMEOUT"
  | "CANCELLED"
  | "UNKNOWN";

export class SoloError extends Error {
  override readonly name = "SoloError";
  /** Stable: part of the contract. */
  readonly code: SoloErrorCode;
  readonly status: StatusCodeName;
  /** What to do about it; may be empty. */
  readonly remedy: string;
  readonly detail: Readonly<Record<string, string>>;
  readonly retry: "never" | "later";
  readonly retryDelayMs: number;
  /** Whether what was asked may have run. */
  readonly executed: Executed | undefined;
  /** The guest's stack in the agent's own lines. */
  readonly guestStack: string | undefined;
  readonly fields: readonly { readonly field: string; readonly description: string }[];
  /** Why a service did not start. */
  readonly death: Death | undefined;
  readonly diagnostics: readonly Diagnostic[];
  /** The service's last lines. */
  readonly logs: readonly LogEntry[];

  constructor(
    message: string,
    said: {
      readonly code: SoloErrorCode;
      readonly status: StatusCodeName;
      readonly trouble: Trouble;
      readonly cause?: unknown;
    },
  ) {
    super(message, said.cause === undefined ? undefined : { cause: said.cause });
    const { trouble } = said;
    this.code = said.code;
    this.status = said.status;
    this.remedy = trouble.remedy === "" ? (remedies[said.code] ?? "") : trouble.remedy;
    this.detail = trouble.detail;
    this.retry = trouble.retry;
    this.retryDelayMs = trouble.retryDelayMs;
    this.executed = trouble.executed;
    this.guestStack = trouble.stack;
    this.fields = trouble.fields;
    this.death = trouble.death;
    this.diagnostics = trouble.diagnostics;
    this.logs = trouble.logs;
  }
}

const remedies: Partial<Record<SoloErrorCode, string>> = {
  UNREACHABLE: "Is Solo running at this address, and is this certificate one of its own? Start it with `solo start`.",
  TIMEOUT: "Give it more time, or look at it with `solo status`.",
};

const codeOf: Partial<Record<number, SoloErrorCode>> = {
  [codes.UNAVAILABLE]: "UNREACHABLE",
  [codes.DEADLINE_EXCEEDED]: "TIMEOUT",
  [codes.CANCELLED]: "CANCELLED",
  [codes.UNIMPLEMENTED]: "UNIMPLEMENTED",
  [codes.RESOURCE_EXHAUSTED]: "TOO_LARGE",
};

/** What grpc-js reports, as a SoloError. */
export function soloErrorOf(error: ServiceError): SoloError {
  const [bytes] = error.metadata.get("grpc-status-details-bin");
  const trouble = readStatus(bytes instanceof Uint8Array ? bytes : undefined);
  const code = trouble.code === "UNKNOWN" ? (codeOf[error.code] ?? "UNKNOWN") : trouble.code;
  return new SoloError(error.details === "" ? error.message : error.details, {
    code,
    status: statusNameOf(error.code),
    trouble,
    cause: error,
  });
}
