import { type Attack, attackBy, mebibytes } from "../attack.ts";

export const attack: Attack = {
  name: "memory-encode",
  what: "a text that grows threefold when it is encoded, again and again",
  source: attackBy(`
let text = "€".repeat(2 ** 20); const all = []; for (;;) all.push(encodeURIComponent(text));
`),
  limits: { cpuTimeMs: 20_000, maxMemoryBytes: mebibytes(32) },
  expects: { type: "dies", of: "out_of_memory" },
};
