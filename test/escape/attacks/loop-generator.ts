import { type Attack, attackBy } from "../attack.ts";

export const attack: Attack = {
  name: "loop-generator",
  what: "a generator without an end",
  source: attackBy(`
function* all() { for (;;) yield 1; } for (const one of all());
`),
  expects: { type: "dies", of: "cpu_timeout", summary: /in attack/ },
};
