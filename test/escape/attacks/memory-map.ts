import { type Attack, attackBy, mebibytes } from "../attack.ts";

export const attack: Attack = {
  name: "memory-map",
  what: "a map of maps",
  source: attackBy(`
const all = new Map(); for (let i = 0; ; i++) all.set(i, new Map([[i, i]]));
`),
  limits: { cpuTimeMs: 20_000, maxMemoryBytes: mebibytes(32) },
  expects: { type: "dies", of: "out_of_memory" },
};
