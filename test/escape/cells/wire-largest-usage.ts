import { ResourceLimitAction_Value as Action } from "../../../src/api/index.ts";
import { until } from "../../e2e/solo.ts";
import { endsSoon } from "../attack.ts";
import { listed, wireAttack } from "../wire-attack.ts";

const claims = wireAttack(
  "wire-largest-usage",
  "the largest usage that there may be, to whoever asks; an administrator lists all services",
  { type: "answers", with: "listed" },
  async (stage) => {
    await stage.call("attack");
    // A cell that is slow to say what is used is listed without it.
    await until("what it claims to be listed", async () => {
      const used = (await listed(stage))?.currentUsage;
      return used?.messageQueueLen === 2 ** 24 && used.processes === 2 ** 24 && used.memoryBytes === 2n ** 37n;
    });
    return "listed";
  },
);

// Else it would be ended for what it claims.
export const attack = { ...claims, limits: { ...endsSoon, limitExceededAction: Action.WARN } };
