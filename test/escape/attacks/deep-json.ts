import { type Attack, attackBy } from "../attack.ts";

export const attack: Attack = {
  name: "deep-json",
  what: "a value nested a hundred thousand deep, as a result",
  source: attackBy(`
let value = []; for (let i = 0; i < 100_000; i++) value = [value]; return value;
`),
  expects: { type: "is_refused", with: "NOT_SERIALIZABLE" },
};
