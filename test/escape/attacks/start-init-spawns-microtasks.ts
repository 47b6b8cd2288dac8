import { type Attack, guest } from "../attack.ts";

export const attack: Attack = {
  name: "start-init-spawns-microtasks",
  what: "an init that waits while its microtasks never end",
  source: guest(`
init() { const again = () => queueMicrotask(again); again(); return new Promise(() => {}); }
`),
  limits: { startupTimeoutMs: 400 },
  expects: { type: "never_starts", of: "startup_timeout", summary: /did not finish within 400 ms/ },
};
