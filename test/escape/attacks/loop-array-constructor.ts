import { type Attack, attackBy } from "../attack.ts";

export const attack: Attack = {
  name: "loop-array-constructor",
  what: "a loop around an array constructor, which the optimizer once made impossible to stop",
  source: attackBy(`
let a; for (;;) { a = new Array(40); }
`),
  expects: { type: "dies", of: "cpu_timeout", summary: /in attack/ },
};
