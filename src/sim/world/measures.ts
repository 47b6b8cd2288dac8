/** What watchers of resources would tell the kernel: services over their limits, the node short of something, circuits. */
import { incarnationsRunning, type Input, sharedResources, type State } from "../../kernel/index.ts";
import type { Random } from "./random.ts";

const resources = sharedResources as unknown as readonly [(typeof sharedResources)[number]];

export function drawMeasure(random: Random, state: State): Input | undefined {
  const what = random.pick(resources);
  if (random.chance(0.1)) {
    const direction = random.chance(0.5) ? "rose" : "fell";
    return { type: "pressure", direction, what, used: 90, limit: 100, percent: random.pick([80, 90]) };
  }
  if (random.chance(0.1)) return { type: "relieve", what, percent: 95, count: 1 + random.below(3) };
  const one = random.pickAny(incarnationsRunning(state));
  if (one === undefined) return undefined;
  const { tenant, service, instance, incarnation } = one;
  if (random.chance(0.2)) {
    return random.chance(0.5)
      ? { type: "circuit_opened", tenant, service, failures: 5, retryMs: 1_000, why: "it fails" }
      : { type: "circuit_closed", tenant, service, openMs: 1_000, refused: 3 };
  }
  return {
    type: "violation",
    tenant,
    service,
    instance,
    incarnation,
    what: random.pick(["memory", "processes", "mailbox", "tenant_memory", "tenant_processes"]),
    used: 11,
    limit: 10,
    phase: random.pick(["entered", "left"]),
    peak: 12,
    looks: 1,
  };
}
