/**
 * Whose doing the loss of a cell was: a client waits for an innocent, which in turn waits, when another service of its tenant
 * brings down the cell of both. The one that did it is named and pays for its restart; whoever lived beside it is told through
 * whom it ended, and starts again for nothing.
 */
import assert from "node:assert/strict";
import type { Event } from "../../src/api/index.ts";
import { until } from "../e2e/solo.ts";
import type { Attack, Stage } from "./attack.ts";
import { guest, mebibytes } from "./attack.ts";

const patienceMs = 30_000;
/** Several times as many as show a service to be quick. */
const quickCalls = 100;

/** The engine aborts its process at the last of this; before, whoever had it begin has time to end its own turn. */
export const bomb = `for (const end = Date.now() + 500; Date.now() < end; ); "".padEnd(15e7, "abc").split("");`;

/**
 * `members`: of the attacker, whose `begin` brings it about. `how`: the innocent has it begin, and waits. `quick`: both have
 * shown to be so before, and then have their turns on the thread of the cell.
 */
export function blame(
  name: string,
  what: string,
  {
    members,
    how,
    quick = false,
  }: { readonly members: string; readonly how: "call" | "cast"; readonly quick?: boolean },
): Attack {
  return {
    name,
    what,
    source: guest(`${members}\nquick() { return 1; }`),
    limits: { cpuTimeMs: 30_000, maxMemoryBytes: mebibytes(32) },
    run: (stage) => bringDown(stage, innocent(how), quick),
    expects: { type: "loses_its_cell", by: ["ended by"] },
  };
}

const innocent = (how: "call" | "cast"): Buffer =>
  Buffer.from(`import { Service } from "solo:service";
export default class Innocent extends Service {
  quick() { return 1; }
  async wait() {
    const attacker = (await this.lookup("attacker")).with({ timeoutMs: 60_000 });
    await attacker.${how}.begin();
    await new Promise((resolve) => setTimeout(resolve, 600_000));
  }
}
`);

async function bringDown(stage: Stage, code: Buffer, quick: boolean): Promise<void> {
  const { admin, tenantId } = stage;
  await admin.deploy({ tenantId, serviceId: "innocent", code });
  for (let n = 0; quick && n < quickCalls; n++) {
    await stage.call("quick");
    await stage.call("quick", [], "innocent");
  }
  const [came] = await Promise.allSettled([stage.call("wait", [], "innocent")]);
  assert.ok(came.status === "rejected", "the innocent's client is told");
  assert.equal((came.reason as { readonly code?: unknown }).code, "CALL_LOST", String(came.reason));
  const all = ["attacker", "innocent", "neighbour"];
  let scheduled: ReadonlyMap<string, Event> = new Map();
  await until(
    `the restarts in ${tenantId}`,
    async () => {
      scheduled = await newestOf(stage, "service_restart_scheduled");
      return all.every((one) => scheduled.has(one));
    },
    patienceMs,
  );
  const crashed = await newestOf(stage, "service_crashed");
  assert.deepEqual(
    all.map((one) => partOf(crashed.get(one))),
    [{ inFlight: "yes" }, { inFlight: "no", culprit: "attacker" }, { inFlight: "no", culprit: "attacker" }],
    "the attacker is named, and nobody else is suspected",
  );
  assert.deepEqual(
    all.map((one) => paidBy(scheduled.get(one))),
    [1, 0, 0],
    "the attacker alone pays",
  );
}

async function newestOf({ admin, tenantId }: Stage, type: string): Promise<ReadonlyMap<string, Event>> {
  const { events } = await admin.queryEvents({ filter: { tenantId, eventTypes: [type] }, limit: 1_000 });
  return new Map(events.map((event) => [event.subject, event]));
}

/** What is said of its part in the loss. */
function partOf(event: Event | undefined): unknown {
  const { type, loss, ...part } = (event?.payload?.["death"] ?? {}) as Record<string, unknown>;
  assert.equal(type, "cell_lost", JSON.stringify(event?.payload));
  assert.equal((loss as { readonly type?: unknown }).type, "signal", JSON.stringify(loss));
  return part;
}

/** Restarts that count against its budget. */
const paidBy = (event: Event | undefined): unknown => (event?.payload?.["restarts"] as unknown[] | undefined)?.length;
