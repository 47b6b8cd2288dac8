import { type Attack, guest } from "../attack.ts";

export const attack: Attack = {
  name: "start-state-getter",
  what: "a first state whose getters never return",
  source: guest(`
init() { return { get count() { for (;;); } }; } attack() { return this.state.count; }
`),
  limits: { startupTimeoutMs: 400 },
  expects: { type: "dies", of: "cpu_timeout", summary: /in attack/ },
};
