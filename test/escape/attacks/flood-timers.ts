import { type Attack, attackBy } from "../attack.ts";

export const attack: Attack = {
  name: "flood-timers",
  what: "more timers than anybody may have",
  source: attackBy(`
try { for (;;) setTimeout(() => {}, 1e8); } catch (error) { return error.code; }
`),
  limits: { cpuTimeMs: 5_000 },
  expects: { type: "answers", with: "QUOTA_EXCEEDED" },
};
