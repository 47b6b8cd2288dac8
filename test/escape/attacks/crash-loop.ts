import { type Attack, guest } from "../attack.ts";

export const attack: Attack = {
  name: "crash-loop",
  what: "a service that crashes a moment after each start, for ever",
  source: guest(`
init() { setTimeout(() => { throw new Error("again"); }, 1); }
`),
  run: async () => undefined,
  expects: { type: "dies", of: "crashed", summary: /again/ },
};
