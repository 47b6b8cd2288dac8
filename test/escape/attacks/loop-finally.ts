import { type Attack, attackBy } from "../attack.ts";

export const attack: Attack = {
  name: "loop-finally",
  what: "a loop whose finally block goes on",
  source: attackBy(`
for (;;) { try { for (;;); } finally { continue; } }
`),
  expects: { type: "dies", of: "cpu_timeout", summary: /in attack/ },
};
