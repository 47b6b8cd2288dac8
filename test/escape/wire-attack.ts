/** Attacks by a cell whose process is hostile: the guest does nothing, the deed is that of the cell. */
import { type Attack, endsSoon, type Expected, guest } from "./attack.ts";

export const wireAttack = (name: string, what: string, expects: Expected, run?: Attack["run"]): Attack => ({
  name,
  what,
  // Never answered by the guest: an answer is the deed's.
  source: guest("attack() { return new Promise(() => {}); }"),
  limits: endsSoon,
  expects,
  ...(run === undefined ? {} : { run }),
});
