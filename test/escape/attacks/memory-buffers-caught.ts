import { type Attack, attackBy, mebibytes } from "../attack.ts";

export const attack: Attack = {
  name: "memory-buffers-caught",
  what: "array buffers again and again, whatever the engine says",
  source: attackBy(`
const all = []; for (;;) { try { all.push(new Uint8Array(1_000_000).fill(1)); } catch {} }
`),
  limits: { maxMemoryBytes: mebibytes(32) },
  expects: { type: "dies", of: "cpu_timeout", summary: /in attack/ },
};
