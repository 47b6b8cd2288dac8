/** Mail for the guest: what crosses, and who waits for it. */
import type { IncarnationNumber } from "../base/index.ts";
import type { Call } from "./call.ts";
import type { Crossing } from "./engine.ts";

export interface Message {
  readonly kind: number;
  readonly a: Crossing;
  readonly b: Crossing;
  readonly c: Crossing;
  /** Slots of the body, as its receiver knows them. */
  readonly slots?: string;
  readonly call: Call | undefined;
  /** Incarnations that wait for this one to be handled. */
  readonly chain: readonly IncarnationNumber[];
}

export const nobody: readonly IncarnationNumber[] = [];
