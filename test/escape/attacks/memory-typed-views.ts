import { type Attack, attackBy, mebibytes } from "../attack.ts";

export const attack: Attack = {
  name: "memory-typed-views",
  what: "views on one buffer, without an end",
  source: attackBy(`
const all = []; const buffer = new ArrayBuffer(8); for (;;) all.push(new Uint8Array(buffer));
`),
  limits: { cpuTimeMs: 20_000, maxMemoryBytes: mebibytes(32) },
  expects: { type: "dies", of: "out_of_memory" },
};
