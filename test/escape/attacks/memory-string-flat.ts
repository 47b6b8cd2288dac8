import { type Attack, attackBy, mebibytes } from "../attack.ts";

export const attack: Attack = {
  name: "memory-string-flat",
  what: "replacements that make each of a million letters hundreds in one native call, all kept",
  source: attackBy(`
const all = []; for (;;) all.push("a".repeat(2 ** 20).replace(/a/g, "b".repeat(2 ** 8)));
`),
  limits: { maxMemoryBytes: mebibytes(32), cpuTimeMs: 10_000 },
  expects: { type: "dies", of: "out_of_memory" },
  slow: true,
};
