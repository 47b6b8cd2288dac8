import { type Attack, guest } from "../attack.ts";
import { until } from "../../e2e/solo.ts";

export const attack: Attack = {
  name: "stop-busy-handler",
  what: "a handler that waits for ever while it shall end",
  source: guest(`
async attack() { (await this.lookup("neighbour")).cast.add(1); return new Promise(() => {}); }
`),
  run: async ({ admin, tenantId, cast, call }) => {
    await cast("attack");
    // A message that still waits in the mailbox would just be dropped: the handler must be at work.
    await until("the handler's work", async () => Number(await call("add", [0], "neighbour")) > 0);
    await admin.kill({ tenantId, serviceId: "attacker", timeoutMs: 500 });
  },
  expects: { type: "dies", of: "shutdown_timeout" },
};
