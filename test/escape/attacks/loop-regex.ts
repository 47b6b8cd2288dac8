import { type Attack, attackBy } from "../attack.ts";

export const attack: Attack = {
  name: "loop-regex",
  what: "a regular expression that backtracks for ever",
  source: attackBy(`
/^(a+)+$/.test("a".repeat(50) + "b");
`),
  expects: { type: "dies", of: "cpu_timeout", summary: /in attack/ },
};
