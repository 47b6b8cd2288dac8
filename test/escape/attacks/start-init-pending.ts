import { type Attack, guest } from "../attack.ts";

export const attack: Attack = {
  name: "start-init-pending",
  what: "an init whose promise never settles",
  source: guest(`
init() { return new Promise(() => {}); }
`),
  limits: { startupTimeoutMs: 400 },
  expects: { type: "never_starts", of: "startup_timeout", summary: /did not finish within 400 ms/ },
};
