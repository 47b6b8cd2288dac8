import { type Attack, attackBy, mebibytes } from "../attack.ts";

export const attack: Attack = {
  name: "memory-strings",
  what: "strings that double until the engine refuses, each flattened and kept",
  source: attackBy(`
const all = []; for (let i = 0; ; i++) { const text = (String(i) + "x").repeat(100_000); all.push(text, JSON.stringify(text)); }
`),
  limits: { cpuTimeMs: 20_000, maxMemoryBytes: mebibytes(32) },
  expects: { type: "dies", of: "out_of_memory" },
};
