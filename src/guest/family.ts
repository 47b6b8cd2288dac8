/** What the part that runs processes within a service is given by the prelude. */
import type { decode, decodeList, encode, encodeList, takeSlots } from "./codec.ts";
import type { CallError, describeError, isA, SoloError } from "./errors.ts";
import type { findCallback, findMethods } from "./methods.ts";
import type { Reference } from "./reference.ts";
import type { Footing, Kin, makeInstance, Refusal } from "./service.ts";
import type { Timers } from "./timers.ts";

export interface FamilyKit {
  /** What the service itself stands on; processes within it stand on much the same. */
  readonly footing: Omit<Footing, "kin">;
  readonly rootClass: object;
  readonly timers: Timers;
  /** Number of the mail whose handler makes the service's own calls of now; 0: none does. */
  readonly cause: () => number;
  readonly processesMax: number;
  readonly mailboxLengthMax: number;
  /** Tells the cell how many processes live, the service itself among them. */
  readonly tellProcesses: (count: number) => void;
  /** Ends the whole incarnation. */
  readonly crash: (error: unknown) => void;
  readonly soon: (work: () => void) => Promise<void>;
  readonly extendsService: (value: unknown) => boolean;
  readonly encode: typeof encode;
  readonly encodeList: typeof encodeList;
  readonly decode: typeof decode;
  readonly decodeList: typeof decodeList;
  readonly takeSlots: typeof takeSlots;
  readonly describeError: typeof describeError;
  readonly isA: typeof isA;
  readonly findCallback: typeof findCallback;
  readonly findMethods: typeof findMethods;
  readonly makeInstance: typeof makeInstance;
  readonly Reference: typeof Reference;
  readonly Refusal: typeof Refusal;
  readonly CallError: typeof CallError;
  readonly SoloError: typeof SoloError;
}

/** What the part brings. */
export interface FamilyPart {
  /** The service itself, as the first of its processes. */
  readonly root: Kin;
  /** To the process of that number, if it lives. */
  readonly find: (number: number) => Reference | undefined;
  /** Ends all of them, in order. Never throws. */
  readonly end: (reason: string) => Promise<void>;
}
