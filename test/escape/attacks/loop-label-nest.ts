import { type Attack, attackBy } from "../attack.ts";

export const attack: Attack = {
  name: "loop-label-nest",
  what: "loops within loops, with labels",
  source: attackBy(`
outer: for (;;) { for (let i = 0; ; i++) { if (i > 1e6) continue outer; } }
`),
  expects: { type: "dies", of: "cpu_timeout", summary: /in attack/ },
};
