/**
 * Runs operations for any protocol: admission, the handler, the limit on streams, and what becomes of a bug. The gateway
 * parses bytes and shapes the answer.
 */
import { randomBytes } from "node:crypto";
import type { Message } from "@bufbuild/protobuf";
import type { Failure, Operation } from "../../api/index.ts";
import { isRefusal, limits, refuse, type Refusal } from "../../base/index.ts";
import { principalName, type Principal } from "../../kernel/index.ts";
import type { Ports } from "../ports.ts";
import { makeShedding, type Shedding, sheddingDefaults } from "../shedding.ts";
import { observeRefusal, refuseAdmission } from "./admission.ts";
import { streamHandlers, unaryHandlers } from "./index.ts";

/** A bug, for the kernel's own log: who met it learns only the incident's name. */
export type Report = (incident: { readonly name: string; readonly operation: string; readonly error: unknown }) => void;

export interface Asked {
  /** Who asks, or why that cannot be told. */
  readonly principal: Principal | Refusal;
  readonly operation: Operation;
  readonly request: Message;
  readonly signal: AbortSignal;
  /** When its connection was made, by the host's monotonic clock. */
  readonly connectedMs?: number;
}

export interface Runner {
  readonly unary: (asked: Asked) => Promise<Message | Failure>;
  /** Ends with a failure, or without one if the asker left. */
  readonly stream: (asked: Asked) => AsyncGenerator<Message, Failure | undefined, undefined>;
}

// The tables pair each name with handlers of its own messages, which TypeScript cannot follow through a name it does not
// know; the gateway parsed the request by the schema of the same row.
type AnyUnary = (...args: [Ports, Principal, Message, AbortSignal, number]) => Promise<Message | Failure>;
type AnyStream = (...args: [Ports, Principal, Message, AbortSignal]) => AsyncGenerator<Message, Failure | undefined>;
const unaryOf = unaryHandlers as unknown as Readonly<Record<string, AnyUnary | undefined>>;
const streamOf = streamHandlers as unknown as Readonly<Record<string, AnyStream | undefined>>;

export function makeRunner(ports: Ports, report: Report, shedding: Shedding = makeShedding(sheddingDefaults)): Runner {
  const streams = new Map<string, number>();

  const refused = (asked: Asked, failure: Failure): Failure => {
    const principal = isRefusal(asked.principal) ? undefined : asked.principal;
    observeRefusal(ports, principal, asked.operation, failure);
    return failure;
  };

  return {
    unary: async (asked) => {
      const { principal, operation, request, signal, connectedMs = 0 } = asked;
      try {
        if (isRefusal(principal)) return refused(asked, principal);
        const no = await refuseAdmission(ports, principal, operation);
        if (no !== undefined) return refused(asked, no);
        const handler = unaryOf[operation.name];
        if (handler === undefined) return refuse("UNIMPLEMENTED", { operation: operation.rpc });
        const entered = shedding(principal, operation.name, signal);
        const lease = typeof entered === "function" ? entered : await entered;
        if (typeof lease !== "function") return lease;
        try {
          const answer = await handler(ports, principal, request, signal, connectedMs);
          return isFailure(answer) ? refused(asked, answer) : answer;
        } finally {
          lease();
        }
      } catch (error) {
        return incidentOf(report, operation, error);
      }
    },

    async *stream(asked) {
      const { principal, operation, request, signal } = asked;
      if (isRefusal(principal)) return refused(asked, principal);
      const key = principalName(principal);
      try {
        const no = await refuseAdmission(ports, principal, operation);
        if (no !== undefined) return refused(asked, no);
        const handler = streamOf[operation.name];
        if (handler === undefined) return refuse("UNIMPLEMENTED", { operation: operation.rpc });
        const open = streams.get(key) ?? 0;
        if (open >= limits.watchersMax) {
          const wanted = open + 1;
          return refuse("QUOTA_EXCEEDED", { what: "Streams open at once", limit: limits.watchersMax, wanted });
        }
        streams.set(key, open + 1);
        try {
          const failure = yield* handler(ports, principal, request, signal);
          return failure === undefined ? undefined : refused(asked, failure);
        } finally {
          const left = (streams.get(key) ?? 1) - 1;
          if (left === 0) streams.delete(key);
          else streams.set(key, left);
        }
      } catch (error) {
        return incidentOf(report, operation, error);
      }
    },
  };
}

/** What is answered of a bug, which is reported: its name alone. */
export function incidentOf(report: Report, operation: Operation, error: unknown): Failure {
  const name = randomBytes(6).toString("hex");
  report({ name, operation: operation.rpc, error });
  return refuse("INTERNAL", { what: `incident ${name} in the kernel's log` });
}

const isFailure = (answer: Message | Failure): answer is Failure => isRefusal(answer);
