import { type Attack, guest } from "../attack.ts";

export const attack: Attack = {
  name: "stop-terminate-loop",
  what: "a terminate that never returns",
  source: guest(`
terminate() { for (;;); }
`),
  limits: { cpuTimeMs: 10_000 },
  run: async ({ admin, tenantId }) => {
    await admin.kill({ tenantId, serviceId: "attacker", timeoutMs: 500 });
  },
  expects: { type: "dies", of: "shutdown_timeout" },
};
