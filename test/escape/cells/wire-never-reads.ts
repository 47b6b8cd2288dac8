import { wireAttack } from "../wire-attack.ts";

export const attack = wireAttack(
  "wire-never-reads",
  "nothing is read any more, while large calls come in",
  { type: "loses_its_cell", by: ["broke the protocol: read nothing for"] },
  async ({ admin, tenantId }) => {
    const args = Buffer.from(JSON.stringify(["x".repeat(4_000_000)]));
    const provoked = () => admin.call({ tenantId, serviceId: "attacker", method: "attack", timeoutMs: 20_000 });
    const more = Array.from({ length: 24 }, () =>
      admin.call({ tenantId, serviceId: "attacker", method: "attack", args, timeoutMs: 20_000 }),
    );
    await Promise.allSettled([provoked(), ...more]);
  },
);
