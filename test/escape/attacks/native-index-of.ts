import { type Attack, attackBy } from "../attack.ts";

export const attack: Attack = {
  name: "native-index-of",
  what: "a search through an array that says it has 2^53 places: native code that nobody can interrupt",
  source: attackBy(`
Array.prototype.indexOf.call({ length: 2 ** 53 - 1 }, 1);
`),
  expects: { type: "dies", of: "cpu_timeout", summary: /in attack/ },
};
