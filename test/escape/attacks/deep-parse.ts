import { type Attack, attackBy } from "../attack.ts";

export const attack: Attack = {
  name: "deep-parse",
  what: "a text nested a million deep, for the parser",
  source: attackBy(`
return JSON.parse("[".repeat(1_000_000));
`),
  expects: { type: "dies", of: "crashed", summary: /SyntaxError|RangeError/ },
};
