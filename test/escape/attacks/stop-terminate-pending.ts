import { type Attack, guest } from "../attack.ts";

export const attack: Attack = {
  name: "stop-terminate-pending",
  what: "a terminate whose promise never settles",
  source: guest(`
terminate() { return new Promise(() => {}); }
`),
  run: async ({ admin, tenantId }) => {
    await admin.kill({ tenantId, serviceId: "attacker", timeoutMs: 500 });
  },
  expects: { type: "dies", of: "shutdown_timeout" },
};
