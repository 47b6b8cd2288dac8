import { type Attack, attackBy } from "../attack.ts";

export const attack: Attack = {
  name: "loop-thenable",
  what: "a thenable that resolves to itself",
  source: attackBy(`
const me = { then(resolve) { resolve(me); } }; await me;
`),
  expects: { type: "dies", of: "cpu_timeout", summary: /in attack/ },
};
