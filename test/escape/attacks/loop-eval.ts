import { type Attack, attackBy } from "../attack.ts";

export const attack: Attack = {
  name: "loop-eval",
  what: "a loop made by indirect eval",
  source: attackBy(`
(0, eval)("for (;;);");
`),
  expects: { type: "dies", of: "cpu_timeout", summary: /in attack/ },
};
