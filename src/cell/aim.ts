/** Whom a guest means: a service by its name, what a reference was given for by its number, or, with nothing, itself. */
import { type IncarnationNumber, limits, parseServiceId } from "../base/index.ts";
import type { CallFailure, Designated } from "../wire/index.ts";
import type { Directory } from "./directory.ts";
import type { Incarnation } from "./incarnation.ts";
import { numberOfTarget } from "./slots.ts";

type Why = Pick<CallFailure, "code" | "message">;

export type Aim =
  | { readonly at: "here"; readonly target: Incarnation }
  /** Not in this cell: whether it is in another one, or nowhere any more, the kernel knows. */
  | { readonly at: "elsewhere"; readonly meant: Designated }
  | { readonly at: "nowhere"; readonly why: Why };

const ended: Aim = { at: "nowhere", why: { code: "SERVICE_NOT_RUNNING", message: "it ended" } };
const unheardOf: Aim = { at: "nowhere", why: { code: "SERVICE_NOT_FOUND", message: "" } };

/** `waiting`: rather not one of these, if there is a choice. */
export function aim(
  directory: Directory,
  caller: Incarnation,
  wanted: string,
  waiting: readonly IncarnationNumber[],
): Aim {
  if (wanted === "") return { at: "here", target: caller };
  const number = numberOfTarget(wanted);
  if (number === undefined) {
    const target = directory.pick(wanted, waiting);
    if (target !== undefined) return { at: "here", target };
    const service = parseServiceId(wanted);
    return service === undefined ? unheardOf : { at: "elsewhere", meant: { service } };
  }
  const meant = caller.slots.find(number);
  // A number that was never given means nothing; and what is given by number is one life.
  if (meant?.incarnation === undefined || directory.hasEnded(meant.incarnation)) return ended;
  const target = directory.find(meant.incarnation);
  return target === undefined ? { at: "elsewhere", meant } : { at: "here", target };
}

/** A call must not wait for itself, nor at the end of a chain without end. What a name means elsewhere, the kernel looks at. */
export function refuseChain(
  aimed: Exclude<Aim, { readonly at: "nowhere" }>,
  waiting: readonly IncarnationNumber[],
): Why | undefined {
  const life = aimed.at === "here" ? aimed.target.id : aimed.meant.incarnation;
  if (life !== undefined && waiting.includes(life)) {
    return { code: "CALL_CYCLE", message: [...waiting, life].join(" → ") };
  }
  if (waiting.length > limits.callChainMax) {
    return { code: "CALL_TOO_DEEP", message: `${limits.callChainMax}` };
  }
  return undefined;
}
