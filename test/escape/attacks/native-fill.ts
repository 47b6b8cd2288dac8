import { type Attack, attackBy } from "../attack.ts";

export const attack: Attack = {
  name: "native-fill",
  what: "a fill of four billion places",
  source: attackBy(`
const a = []; a.length = 2 ** 32 - 1; a.fill(0);
`),
  expects: { type: "dies", of: "cpu_timeout" },
  slow: true,
};
