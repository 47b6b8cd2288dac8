import { type Attack, guest } from "../attack.ts";

export const attack: Attack = {
  name: "start-top-level-await",
  what: "a module that waits at its top level for ever",
  source: guest(
    `
attack() {}
`,
    `await new Promise(() => {});`,
  ),
  limits: { startupTimeoutMs: 400 },
  expects: { type: "never_starts", of: "startup_timeout", summary: /did not finish within 400 ms/ },
};
