import { type Attack, attackBy, mebibytes } from "../attack.ts";

export const attack: Attack = {
  name: "memory-string-replace",
  what: "a replacement that makes each of a million letters hundreds",
  source: attackBy(`
return "a".repeat(2 ** 20).replace(/a/g, () => "b".repeat(2 ** 8)).length;
`),
  limits: { maxMemoryBytes: mebibytes(32), cpuTimeMs: 10_000 },
  expects: { type: "dies", of: "out_of_memory" },
};
