import { type Attack, attackBy } from "../attack.ts";

export const attack: Attack = {
  name: "flood-intervals",
  what: "a thousand timers that fire each millisecond",
  source: attackBy(`
for (let i = 0; i < 1_000; i++) setInterval(() => {}, 1); await new Promise((done) => setTimeout(done, 1_000)); return "done";
`),
  limits: { cpuTimeMs: 20_000 },
  expects: { type: "answers", with: "done" },
};
