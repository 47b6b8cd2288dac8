import { type Attack, guest } from "../attack.ts";

export const attack: Attack = {
  name: "start-init-loop",
  what: "an init that never returns",
  source: guest(`
init() { for (;;); }
`),
  limits: { startupTimeoutMs: 400 },
  expects: { type: "never_starts", of: "startup_timeout", summary: /did not finish within 400 ms/ },
};
