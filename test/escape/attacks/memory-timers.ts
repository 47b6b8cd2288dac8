import { type Attack, attackBy, mebibytes } from "../attack.ts";

export const attack: Attack = {
  name: "memory-timers",
  what: "timers that each keep a large array",
  source: attackBy(`
const wait = () => { const big = new Array(10_000).fill(1.5); setTimeout(() => big.length, 1e9); }; for (;;) wait();
`),
  limits: { cpuTimeMs: 20_000, maxMemoryBytes: mebibytes(32) },
  expects: { type: "dies", of: "out_of_memory" },
};
