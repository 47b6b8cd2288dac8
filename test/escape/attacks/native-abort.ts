import { type Attack, attackBy, mebibytes } from "../attack.ts";

export const attack: Attack = {
  name: "native-abort",
  what: "a text that fits the heap, split into more letters than a list can have: the engine aborts its process at once",
  source: attackBy(`
"".padEnd(1.35e8, "abc").split("");
`),
  limits: { cpuTimeMs: 20_000, maxMemoryBytes: mebibytes(480) },
  expects: { type: "loses_its_cell", by: ["ended by SIGTRAP", "ended by SIGILL", "ended by SIGABRT"] },
};
