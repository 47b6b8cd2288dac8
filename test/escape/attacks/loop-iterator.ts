import { type Attack, attackBy } from "../attack.ts";

export const attack: Attack = {
  name: "loop-iterator",
  what: "an iterator that is never done",
  source: attackBy(`
for (const one of { [Symbol.iterator]: () => ({ next: () => ({}) }) });
`),
  expects: { type: "dies", of: "cpu_timeout", summary: /in attack/ },
};
