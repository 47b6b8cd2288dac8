import { type Attack, attackBy } from "../attack.ts";

export const attack: Attack = {
  name: "loop-spread",
  what: "a loop around a spread array",
  source: attackBy(`
for (;;) [...Array(40)];
`),
  expects: { type: "dies", of: "cpu_timeout", summary: /in attack/ },
};
