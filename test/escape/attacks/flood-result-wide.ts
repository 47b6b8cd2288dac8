import { type Attack, attackBy } from "../attack.ts";

export const attack: Attack = {
  name: "flood-result-wide",
  what: "a result of letters that need three bytes each",
  source: attackBy(`
return "€".repeat(2_000_000);
`),
  expects: { type: "is_refused", with: "TOO_LARGE" },
};
