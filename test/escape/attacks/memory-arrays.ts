import { type Attack, attackBy, mebibytes } from "../attack.ts";

export const attack: Attack = {
  name: "memory-arrays",
  what: "arrays of numbers that are all kept",
  source: attackBy(`
const all = []; for (;;) all.push(new Array(100).fill(1.5));
`),
  limits: { cpuTimeMs: 20_000, maxMemoryBytes: mebibytes(32) },
  expects: { type: "dies", of: "out_of_memory" },
};
