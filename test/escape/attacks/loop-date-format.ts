import { type Attack, attackBy } from "../attack.ts";

export const attack: Attack = {
  name: "loop-date-format",
  what: "native formatting without an end",
  source: attackBy(`
for (;;) new Date(0).toLocaleString();
`),
  expects: { type: "dies", of: "cpu_timeout", summary: /in attack/ },
};
