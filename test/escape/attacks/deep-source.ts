import { type Attack, attackBy } from "../attack.ts";

export const attack: Attack = {
  name: "deep-source",
  what: "a source nested a hundred thousand deep, for the compiler",
  source: attackBy(`
return new Function("return " + "(".repeat(100_000) + "1" + ")".repeat(100_000));
`),
  expects: { type: "dies", of: "crashed", summary: /RangeError|SyntaxError/ },
};
