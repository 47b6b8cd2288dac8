/**
 * What an attack is: a service that means harm, how it is provoked, and the truth that must be told of it afterwards.
 * Attacks of somebody who has broken out of V8 are those of test/sandbox; these are made from within, or from outside.
 */
import type { ResourceLimits } from "../../src/api/index.ts";
import type { SoloClient } from "../../src/client/index.ts";

export type Limits = Partial<
  Pick<
    ResourceLimits,
    | "cpuTimeMs"
    | "startupTimeoutMs"
    | "shutdownTimeoutMs"
    | "messageQueueLimit"
    | "maxMemoryBytes"
    | "maxProcesses"
    | "limitExceededAction"
  >
>;

/** What an attacker would like to reach, where the arena knows. */
export interface Targets {
  /** Of init, of the kernel, of the builder, and, last, of the other tenant's cell. */
  readonly pids: readonly number[];
  /** The kernel listens on it, on 127.0.0.1. */
  readonly port: number;
  /** The other tenant's cell listens on it. */
  readonly socket: string;
}

/** Where an attack takes place: a tenant of its own, in which a harmless `neighbour` lives beside the `attacker`. */
export interface Stage {
  readonly admin: SoloClient;
  readonly tenantId: string;
  /** Calls a method of a service of the tenant, the attacker's if none is named; with patience. */
  readonly call: (method: string, args?: readonly unknown[], serviceId?: string) => Promise<unknown>;
  readonly cast: (method: string, args?: readonly unknown[]) => Promise<void>;
  readonly targets?: Targets;
}

/** What must come of it. In each case nothing else than what it says has ended. */
export type Expected =
  /** The attacker's life ends, for this reason; what was asked of it is answered with an error. */
  | { readonly type: "dies"; readonly of: string; readonly summary?: RegExp }
  /** It is not even built: refused with this code. */
  | { readonly type: "is_not_built"; readonly with: string }
  /** It does not start, for this reason. */
  | { readonly type: "never_starts"; readonly of: string; readonly summary?: RegExp }
  /** It is answered with exactly this, and lives on. */
  | { readonly type: "answers"; readonly with: unknown }
  /** What was asked is refused with this code, and the attacker lives on. */
  | { readonly type: "is_refused"; readonly with: string }
  /** Its whole cell ends, as only a process can: by this loss. Its neighbour ends with it, and both start again. */
  | { readonly type: "loses_its_cell"; readonly by: readonly string[] }
  /** Its life ends for one of these reasons, or its whole cell by one of these losses: its lane and the machine's pace decide. */
  | { readonly type: "ends"; readonly of: readonly string[]; readonly by: readonly string[] };

export interface Attack {
  readonly name: string;
  /** What it does. */
  readonly what: string;
  /** The attacker's module. */
  readonly source: string;
  readonly limits?: Limits;
  /** Provokes it, and gives what came of that; else its method `attack` is called. */
  readonly run?: (stage: Stage) => Promise<unknown>;
  readonly expects: Expected;
  /** Takes many seconds by its nature: only with `--all`, or in CI. */
  readonly slow?: true;
  /** Not withstood yet, and why. */
  readonly todo?: string;
}

/** A module of a service whose class has these members. */
export const guest = (members: string, before = ""): string =>
  `import { Refusal, Service } from "solo:service";\n${before}\nexport default class Attacker extends Service {\n${members}\n}\n`;

/** As guest code has it on its own: the body of the method that is called. Its other method does nothing, quickly. */
export const attackBy = (body: string): string => guest(`quick() {}\nasync attack() {\n${body}\n}`);

/** For attackers whose method never ends: nobody waits for that when all is over. */
export const endsSoon: Limits = { shutdownTimeoutMs: 500 };

/** Asks the attacker until it has something to say. A mailbox that is full just then says nothing. */
export async function untilSaid({ call }: Stage, method: string): Promise<unknown> {
  for (;;) {
    try {
      const said = await call(method);
      if (said !== "") return said;
    } catch (error) {
      if ((error as { readonly code?: unknown }).code !== "MAILBOX_FULL") throw error;
    }
  }
}

/** Members that double each message to what `target` says, until that is refused; `said` tells with which code. */
export const doubling = (target: string): string => `
code = "";
onMessage(message, from) {
  for (let i = 0; i < 2 && this.code === ""; i++) try { this.send(${target}, message); } catch (error) { this.code = error.code; }
}
said() { return this.code; }
`;

export const mebibytes = (count: number): bigint => BigInt(count) * 1024n * 1024n;
