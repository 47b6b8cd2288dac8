import { type Attack, attackBy } from "../attack.ts";

export const attack: Attack = {
  name: "throw-null-prototype",
  what: "an object without a prototype, thrown",
  source: attackBy(`
throw Object.create(null);
`),
  expects: { type: "dies", of: "crashed" },
};
