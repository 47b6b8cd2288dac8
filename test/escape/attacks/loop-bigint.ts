import { type Attack, attackBy } from "../attack.ts";

export const attack: Attack = {
  name: "loop-bigint",
  what: "multiplications of numbers that fill memory pages",
  source: attackBy(`
let n = 3n ** 100_000n; for (;;) n = (n * n) % (2n ** 200_000n);
`),
  expects: { type: "dies", of: "cpu_timeout", summary: /in attack/ },
};
