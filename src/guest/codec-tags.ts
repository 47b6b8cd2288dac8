/**
 * What JSON has no word for travels as an object with exactly one key, one of these. A tenant's own object of that form is
 * wrapped in `$literal`, so that what was sent and what looks like it stay apart. Every other JSON means what it says.
 */
import { SoloError } from "./errors.ts";
import { codeAt, makeTable } from "./primordials.ts";

export const depthMax = 500;

const dollar = 36;
const known = makeTable<true>();
for (const tag of [
  "$date",
  "$bytes",
  "$buffer",
  "$bigint",
  "$number",
  "$undefined",
  "$map",
  "$set",
  "$error",
  "$service",
  "$literal",
]) {
  known[tag] = true;
}

/** Whether an object with these keys reads as a tagged value. */
export const looksTagged = (names: readonly string[]): boolean =>
  names.length === 1 && codeAt(names[0] ?? "", 0) === dollar && known[names[0] ?? ""] === true;

export function refuse(path: string, problem: string): never {
  throw new SoloError("NOT_SERIALIZABLE", `${path} cannot be sent: ${problem}`);
}

export function refuseToRead(path: string, problem: string): never {
  throw new SoloError("NOT_SERIALIZABLE", `${path} cannot be read: ${problem}`);
}
