import { type Attack, attackBy, mebibytes } from "../attack.ts";

export const attack: Attack = {
  name: "memory-buffers",
  what: "array buffers, which the heap's limit does not see",
  source: attackBy(`
const all = []; for (;;) all.push(new Uint8Array(1_000_000).fill(1));
`),
  limits: { cpuTimeMs: 20_000, maxMemoryBytes: mebibytes(32) },
  expects: { type: "dies", of: "crashed", summary: /RangeError: Array buffer allocation failed/ },
};
