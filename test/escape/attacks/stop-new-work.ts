import { type Attack, guest } from "../attack.ts";

export const attack: Attack = {
  name: "stop-new-work",
  what: "a terminate that makes timers and microtasks without an end",
  source: guest(`
terminate() { setInterval(() => {}, 1); const again = () => queueMicrotask(again); again(); return new Promise(() => {}); }
`),
  limits: { cpuTimeMs: 10_000 },
  run: async ({ admin, tenantId }) => {
    await admin.kill({ tenantId, serviceId: "attacker", timeoutMs: 500 });
  },
  expects: { type: "dies", of: "shutdown_timeout" },
};
