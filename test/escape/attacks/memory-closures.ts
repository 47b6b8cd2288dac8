import { type Attack, attackBy, mebibytes } from "../attack.ts";

export const attack: Attack = {
  name: "memory-closures",
  what: "closures that each keep the one before",
  source: attackBy(`
let last = () => 0; for (;;) { const before = last; const big = new Array(50).fill(0); last = () => before() + big.length; }
`),
  limits: { cpuTimeMs: 20_000, maxMemoryBytes: mebibytes(32) },
  expects: { type: "dies", of: "out_of_memory" },
};
