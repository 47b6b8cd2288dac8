import { type Attack, attackBy, mebibytes } from "../attack.ts";

export const attack: Attack = {
  name: "memory-symbols",
  what: "symbols in the global registry",
  source: attackBy(`
for (let i = 0; ; i++) Symbol.for("symbol " + i);
`),
  limits: { cpuTimeMs: 20_000, maxMemoryBytes: mebibytes(32) },
  expects: { type: "dies", of: "out_of_memory" },
};
