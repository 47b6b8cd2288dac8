import { type Attack, guest } from "../attack.ts";

export const attack: Attack = {
  name: "stop-busy-handler",
  what: "a handler that waits for ever while it shall end",
  source: guest(`
attack() { return new Promise(() => {}); }
`),
  run: async ({ admin, tenantId, cast }) => {
    await cast("attack");
    await admin.kill({ tenantId, serviceId: "attacker", timeoutMs: 500 });
  },
  expects: { type: "dies", of: "shutdown_timeout" },
};
