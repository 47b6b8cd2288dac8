import { type Attack, attackBy, mebibytes } from "../attack.ts";

export const attack: Attack = {
  name: "memory-fill-objects",
  what: "fifty million places for one object",
  source: attackBy(`
new Array(5e7).fill({});
`),
  limits: { cpuTimeMs: 20_000, maxMemoryBytes: mebibytes(32) },
  expects: { type: "dies", of: "out_of_memory" },
  slow: true,
};
