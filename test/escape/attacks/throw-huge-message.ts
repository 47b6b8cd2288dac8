import { type Attack, attackBy } from "../attack.ts";

export const attack: Attack = {
  name: "throw-huge-message",
  what: "an error with a message of five million letters",
  source: attackBy(`
throw new Error("x".repeat(5_000_000));
`),
  expects: { type: "dies", of: "crashed", summary: /Error: x+/ },
};
