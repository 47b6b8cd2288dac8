import { type Attack, attackBy, mebibytes } from "../attack.ts";

export const attack: Attack = {
  name: "memory-pad-split",
  what: "a padded string split into half a billion letters, at which the engine aborts its process",
  source: attackBy(`
"".padEnd(5e8, "abc").split("");
`),
  limits: { cpuTimeMs: 20_000, maxMemoryBytes: mebibytes(32) },
  expects: { type: "loses_its_cell", by: ["ended by", "memory"] },
  slow: true,
};
