import { type Attack, guest } from "../attack.ts";

export const attack: Attack = {
  name: "start-static-loop",
  what: "a class that is never made",
  source: guest(`
static x = (() => { for (;;); })();
`),
  limits: { startupTimeoutMs: 400 },
  expects: { type: "never_starts", of: "startup_timeout", summary: /did not finish within 400 ms/ },
};
