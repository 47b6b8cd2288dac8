import { type Attack, attackBy } from "../attack.ts";

export const attack: Attack = {
  name: "loop-comparator",
  what: "a sort whose comparison never returns",
  source: attackBy(`
[3, 1, 2].sort(() => { for (;;); });
`),
  expects: { type: "dies", of: "cpu_timeout", summary: /in attack/ },
};
