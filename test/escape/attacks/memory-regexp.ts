import { type Attack, attackBy, mebibytes } from "../attack.ts";

export const attack: Attack = {
  name: "memory-regexp",
  what: "regular expressions that are each compiled anew",
  source: attackBy(`
const all = []; for (let i = 0; ; i++) { const one = new RegExp("(" + i + "|a+b*)".repeat(1) + ")".repeat(0) + "{1,50}"); one.test("aaa" + i); all.push(one); }
`),
  limits: { cpuTimeMs: 20_000, maxMemoryBytes: mebibytes(32) },
  expects: { type: "dies", of: "out_of_memory" },
};
