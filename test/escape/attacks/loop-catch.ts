import { type Attack, attackBy } from "../attack.ts";

export const attack: Attack = {
  name: "loop-catch",
  what: "a loop that catches all that would end it",
  source: attackBy(`
for (;;) { try { for (;;); } catch {} }
`),
  expects: { type: "dies", of: "cpu_timeout", summary: /in attack/ },
};
