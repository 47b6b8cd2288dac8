import { type Attack, attackBy } from "../attack.ts";

export const attack: Attack = {
  name: "throw-nothing",
  what: "undefined, thrown",
  source: attackBy(`
throw undefined;
`),
  expects: { type: "dies", of: "crashed" },
};
