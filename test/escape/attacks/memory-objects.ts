import { type Attack, attackBy, mebibytes } from "../attack.ts";

export const attack: Attack = {
  name: "memory-objects",
  what: "a list of objects that grows for ever",
  source: attackBy(`
let head = null; for (;;) head = { head, name: Math.random() };
`),
  limits: { cpuTimeMs: 20_000, maxMemoryBytes: mebibytes(32) },
  expects: { type: "dies", of: "out_of_memory" },
};
