import { type Attack, attackBy } from "../attack.ts";

export const attack: Attack = {
  name: "native-bigint-power",
  what: "one power whose result has millions of digits",
  source: attackBy(`
const n = 3n ** 40_000_000n; return String(n * n).length;
`),
  expects: { type: "dies", of: "cpu_timeout" },
  slow: true,
};
