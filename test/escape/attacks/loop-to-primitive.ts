import { type Attack, attackBy } from "../attack.ts";

export const attack: Attack = {
  name: "loop-to-primitive",
  what: "a delay that never becomes a number",
  source: attackBy(`
setTimeout(() => {}, { [Symbol.toPrimitive]() { for (;;); } });
`),
  expects: { type: "dies", of: "cpu_timeout", summary: /in attack/ },
};
