import { type Attack, attackBy } from "../attack.ts";

export const attack: Attack = {
  name: "deep-recursion",
  what: "a function that calls itself for ever",
  source: attackBy(`
const dig = () => dig() + 1; return dig();
`),
  expects: { type: "dies", of: "crashed", summary: /RangeError/ },
};
