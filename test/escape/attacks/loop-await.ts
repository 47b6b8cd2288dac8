import { type Attack, attackBy } from "../attack.ts";

export const attack: Attack = {
  name: "loop-await",
  what: "a loop that awaits what is there already",
  source: attackBy(`
for (;;) await null;
`),
  expects: { type: "dies", of: "cpu_timeout", summary: /in attack/ },
};
