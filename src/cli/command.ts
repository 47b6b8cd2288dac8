/** What every verb shares: how its action gets its powers, and how its options are read. */
import { type Command, InvalidArgumentError } from "commander";
import type { SoloClient } from "../client/index.ts";
import type { ExitCode } from "./exit-codes.ts";
import type { Output } from "./output/output.ts";

export type Role = "admin" | "tenant";

/** Options that every verb takes. */
export interface GlobalOptions {
  readonly json: boolean;
  readonly dataDir: string;
  /** An identity of the profile: `admin`, or a tenant's id. */
  readonly as?: string;
  /** An administrator acts for this tenant. */
  readonly tenant?: string;
  readonly address?: string;
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
  readonly timeout?: number;
}

/** The powers of one running command: the only things of the process that it touches. */
export interface Context {
  readonly out: Output;
  /** Aborted by Ctrl-C and SIGTERM. */
  readonly signal: AbortSignal;
  readonly global: GlobalOptions;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly now: () => Date;
  /**
   * Connects; closed when the command ends. `preferred` says whose certificate to use if the command line does not.
   */
  readonly connect: (preferred: Role) => Promise<SoloClient>;
  /** The tenant that an administrator acts for; empty for one's own. */
  readonly tenantId: string;
  /** For every request: who may break it off, and how long it may take. */
  readonly patience: { readonly signal: AbortSignal; readonly timeoutMs?: number };
}

export type Body<Args extends readonly unknown[], Options> = (
  context: Context,
  args: Args,
  options: Options,
) => Promise<ExitCode | undefined>;

/** Makes an action of commander out of a body; the program provides it. */
export type Runner = <Args extends readonly unknown[], Options>(
  body: Body<Args, Options>,
) => (...given: unknown[]) => Promise<void>;

/** Adds one verb to the program. */
export type Verb = (program: Command, run: Runner) => void;

/** Examples at the foot of a help page: what one would type, and what it does. */
export function teach(examples: readonly (readonly [line: string, does: string])[], more = ""): string {
  const width = Math.max(...examples.map(([line]) => line.length));
  const lines = examples.map(([line, does]) => `  $ ${line.padEnd(width)}  ${does}`.trimEnd());
  return `\nExamples:\n${lines.join("\n")}${more === "" ? "" : `\n\n${more}`}`;
}

export function parseCount(text: string): number {
  if (!/^[0-9]{1,9}$/.test(text)) throw new InvalidArgumentError("It must be a whole number.");
  return Number(text);
}

/** A list option that may be given many times, or once with commas. */
export const collect = (text: string, before: readonly string[] | undefined): readonly string[] => [
  ...(before ?? []),
  ...text.split(",").filter((part) => part !== ""),
];

/** `64MB`, `1.5GB`, `8388608`: units count by 1,024. */
export function parseBytes(text: string): number {
  const parts = /^([0-9]+(?:\.[0-9]+)?)\s*([KMGT]?)i?B?$/i.exec(text);
  const power = ["", "K", "M", "G", "T"].indexOf((parts?.[2] ?? "").toUpperCase());
  const bytes = Math.round(Number(parts?.[1]) * 1024 ** power);
  if (parts === null || !Number.isSafeInteger(bytes)) {
    throw new InvalidArgumentError("It must be a size such as 64MB or 1.5GB.");
  }
  return bytes;
}

/** `500ms`, `30s`, `5m`, `2h`, `7d`; a bare number counts milliseconds. */
export function parseDuration(text: string): number {
  const parts = /^([0-9]+(?:\.[0-9]+)?)\s*(ms|s|m|h|d)?$/.exec(text);
  const units: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };
  const ms = Math.round(Number(parts?.[1]) * (units[parts?.[2] ?? "ms"] ?? Number.NaN));
  if (parts === null || !Number.isSafeInteger(ms)) {
    throw new InvalidArgumentError("It must be a time such as 500ms, 30s or 5m.");
  }
  return ms;
}

/** An instant: `10m` (that long ago), an ISO date, or milliseconds since the epoch. */
export function parseInstant(text: string, now: number): number {
  if (/^[0-9]{11,15}$/.test(text)) return Number(text);
  if (/^[0-9.]+\s*(ms|s|m|h|d)$/.test(text)) return now - parseDuration(text);
  const at = Date.parse(text);
  if (Number.isNaN(at)) {
    throw new InvalidArgumentError("It must be an age such as 10m, or a date such as 2026-11-20T10:00.");
  }
  return at;
}

/** One argument of a call: JSON if it is JSON, else the text itself. */
export function parseArgument(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}
