/** Halt: why a command did not do what it was asked, in the one form that is shown to people and machines alike. */
import { type ExitCode, exitCodes } from "./exit-codes.ts";

export interface Place {
  readonly severity: string;
  readonly message: string;
  readonly file: string;
  /** Count from 1. */
  readonly line: number;
  readonly column: number;
  /** Lines of the source with a caret; empty if it is not at hand. */
  readonly excerpt: string;
}

export interface HaltFacts {
  /** Stable: a refusal's code, or one of the CLI's own (USAGE, UNREACHABLE, NO_PROFILE, …). */
  readonly code: string;
  readonly exit: ExitCode;
  readonly message: string;
  readonly remedy?: string;
  /** The gRPC status, if a Solo answered. */
  readonly status?: string;
  readonly detail?: Readonly<Record<string, string | number>>;
  /** Of a call: whether it may have run. */
  readonly executed?: string;
  /** How the service ended, in one line. */
  readonly death?: string;
  /** The guest's stack in the agent's own lines. */
  readonly stack?: string;
  readonly places?: readonly Place[];
  /** The service's last lines. */
  readonly logs?: readonly { readonly level: string; readonly message: string }[];
}

/** Thrown by a command, caught once, in program.ts. */
export class Halt extends Error {
  readonly facts: HaltFacts;

  constructor(facts: HaltFacts) {
    super(facts.message);
    this.name = "Halt";
    this.facts = facts;
  }
}

export const usageHalt = (message: string, remedy?: string): Halt =>
  new Halt({ code: "USAGE", exit: exitCodes.usage, message, ...(remedy === undefined ? {} : { remedy }) });

/** What `--json` prints of it: `{"error": {code, exitCode, message, …}}`. What is empty is left out. */
export function haltJson({ facts }: Halt): unknown {
  const { code, exit, message, places, ...rest } = facts;
  const isEmpty = (value: unknown): boolean =>
    value === undefined ||
    value === "" ||
    (typeof value === "object" && value !== null && Object.keys(value).length === 0);
  const filled = Object.entries(rest).filter(([, value]) => !isEmpty(value));
  return {
    error: {
      code,
      exitCode: exit,
      message,
      ...Object.fromEntries(filled),
      ...(places === undefined || places.length === 0 ? {} : { diagnostics: places }),
    },
  };
}
