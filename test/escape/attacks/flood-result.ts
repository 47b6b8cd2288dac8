import { type Attack, attackBy } from "../attack.ts";

export const attack: Attack = {
  name: "flood-result",
  what: "a result larger than any may be",
  source: attackBy(`
return "x".repeat(5_000_000);
`),
  expects: { type: "is_refused", with: "TOO_LARGE" },
};
