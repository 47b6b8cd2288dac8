import { type Attack, attackBy } from "../attack.ts";

export const attack: Attack = {
  name: "flood-log-line",
  what: "one line of fifty million letters",
  source: attackBy(`
console.log("x".repeat(50_000_000)); console.log(Array(1e6).fill("y")); return "done";
`),
  limits: { cpuTimeMs: 5_000 },
  expects: { type: "answers", with: "done" },
};
