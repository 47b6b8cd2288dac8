import { type Attack, attackBy } from "../attack.ts";

export const attack: Attack = {
  name: "memory-shared",
  what: "shared memory, and waiting on it",
  source: attackBy(`
return [typeof SharedArrayBuffer, typeof Atomics, typeof WebAssembly, typeof FinalizationRegistry];
`),
  expects: { type: "answers", with: ["undefined", "undefined", "undefined", "undefined"] },
};
