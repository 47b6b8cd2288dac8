import { type Attack, attackBy } from "../attack.ts";

export const attack: Attack = {
  name: "loop-async-generator",
  what: "an asynchronous generator without an end",
  source: attackBy(`
async function* all() { for (;;) yield 1; } for await (const one of all());
`),
  expects: { type: "dies", of: "cpu_timeout", summary: /in attack/ },
};
