import { type Attack, attackBy } from "../attack.ts";

export const attack: Attack = {
  name: "flood-promises-settled",
  what: "a million promises that all settle",
  source: attackBy(`
await Promise.all(Array.from({ length: 200_000 }, async (_, i) => i)); return "done";
`),
  limits: { cpuTimeMs: 20_000 },
  expects: { type: "answers", with: "done" },
};
