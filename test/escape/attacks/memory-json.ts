import { type Attack, attackBy, mebibytes } from "../attack.ts";

export const attack: Attack = {
  name: "memory-json",
  what: "a text for the JSON parser that becomes millions of objects",
  source: attackBy(`
const text = "[" + "{},".repeat(2_000_000) + "{}]"; const all = []; for (;;) all.push(JSON.parse(text));
`),
  limits: { cpuTimeMs: 20_000, maxMemoryBytes: mebibytes(32) },
  expects: { type: "dies", of: "out_of_memory" },
};
