import { type Attack, guest } from "../attack.ts";

export const attack: Attack = {
  name: "start-top-level-loop",
  what: "a module that never ends its first run",
  source: guest(
    `
attack() {}
`,
    `for (;;);`,
  ),
  limits: { startupTimeoutMs: 400 },
  expects: { type: "never_starts", of: "startup_timeout", summary: /did not finish within 400 ms/ },
};
