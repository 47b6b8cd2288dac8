import { type Attack, guest } from "../attack.ts";

export const attack: Attack = {
  name: "start-constructor-loop",
  what: "a constructor that never returns",
  source: guest(`
constructor() { super(); for (;;); }
`),
  limits: { startupTimeoutMs: 400 },
  expects: { type: "never_starts", of: "startup_timeout", summary: /did not finish within 400 ms/ },
};
