import { type Attack, attackBy, mebibytes } from "../attack.ts";

export const attack: Attack = {
  name: "memory-set",
  what: "a set of strings",
  source: attackBy(`
const all = new Set(); for (let i = 0; ; i++) all.add('entry ' + i + Math.random());
`),
  limits: { cpuTimeMs: 20_000, maxMemoryBytes: mebibytes(32) },
  expects: { type: "dies", of: "out_of_memory" },
};
