import { type Attack, guest, mebibytes } from "../attack.ts";

export const attack: Attack = {
  name: "start-top-level-bomb",
  what: "a module that takes all memory at its top level",
  source: guest(
    `
attack() {}
`,
    `const all = []; for (;;) all.push(new Array(1000).fill(1.5));`,
  ),
  limits: { startupTimeoutMs: 20_000, maxMemoryBytes: mebibytes(32) },
  expects: { type: "never_starts", of: "out_of_memory" },
};
