import { type Attack, attackBy } from "../attack.ts";

export const attack: Attack = {
  name: "flood-log",
  what: "a hundred thousand lines",
  source: attackBy(`
for (let i = 0; i < 100_000; i++) console.log("line " + i + " " + "x".repeat(200)); return "done";
`),
  limits: { cpuTimeMs: 20_000 },
  expects: { type: "answers", with: "done" },
};
