import { type Attack, attackBy, mebibytes } from "../attack.ts";

export const attack: Attack = {
  name: "native-array-from",
  what: "a billion places made by one native call",
  source: attackBy(`
Array.from({ length: 1e9 });
`),
  limits: { maxMemoryBytes: mebibytes(32) },
  expects: { type: "dies", of: "cpu_timeout" },
  slow: true,
};
