import { type Attack, attackBy, mebibytes } from "../attack.ts";

export const attack: Attack = {
  name: "memory-string-replace",
  what: "a replacement that makes each of a million letters a thousand",
  source: attackBy(`
return "a".repeat(2 ** 20).replace(/a/g, "b".repeat(2 ** 9)).length;
`),
  limits: { maxMemoryBytes: mebibytes(32) },
  expects: { type: "dies", of: "cpu_timeout" },
};
