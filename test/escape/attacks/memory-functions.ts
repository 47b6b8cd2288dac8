import { type Attack, attackBy, mebibytes } from "../attack.ts";

export const attack: Attack = {
  name: "memory-functions",
  what: "functions that are each compiled from a text",
  source: attackBy(`
const all = []; for (let i = 0; ; i++) all.push(new Function("return " + i + ";"));
`),
  limits: { cpuTimeMs: 20_000, maxMemoryBytes: mebibytes(32) },
  expects: { type: "dies", of: "out_of_memory" },
};
