import { type Attack, attackBy, mebibytes } from "../attack.ts";

export const attack: Attack = {
  name: "memory-concat-stack",
  what: "stacks without an end, each error keeping its own",
  source: attackBy(`
Error.stackTraceLimit = Infinity; const all = []; const dig = (n) => { if (n > 0) return dig(n - 1); all.push(new Error('x').stack); }; for (;;) dig(2_000);
`),
  limits: { cpuTimeMs: 20_000, maxMemoryBytes: mebibytes(32) },
  expects: { type: "dies", of: "out_of_memory" },
};
