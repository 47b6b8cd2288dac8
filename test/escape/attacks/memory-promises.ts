import { type Attack, attackBy, mebibytes } from "../attack.ts";

export const attack: Attack = {
  name: "memory-promises",
  what: "promises that never settle, and are all kept",
  source: attackBy(`
const all = []; for (;;) all.push(new Promise(() => {}).then(() => 1));
`),
  limits: { cpuTimeMs: 20_000, maxMemoryBytes: mebibytes(32) },
  expects: { type: "dies", of: "out_of_memory" },
};
