import { type Attack, attackBy, mebibytes } from "../attack.ts";

export const attack: Attack = {
  name: "memory-async-frames",
  what: "calls that each wait for the next",
  source: attackBy(`
const dig = async (n) => { await null; return dig(n + 1); }; await dig(0);
`),
  limits: { cpuTimeMs: 20_000, maxMemoryBytes: mebibytes(32) },
  expects: { type: "dies", of: "out_of_memory" },
};
