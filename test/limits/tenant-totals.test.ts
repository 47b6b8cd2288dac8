/** What a tenant's services have together is over its total: what is done is the choice of who has most of it, and the others notice nothing. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { ResourceLimitAction_Value as Action } from "../../src/api/index.ts";
import type { SoloClient, SoloError } from "../../src/client/index.ts";
import { eventsOf, gate, refusalIn } from "../e2e/asking.ts";
import { call, Solo, until } from "../e2e/solo.ts";

let solo: Solo;

before(async () => {
  solo = await Solo.start({
    config: {
      monitor_interval_ms: 100,
      // How late this machine is by itself is not looked at here.
      event_loop_delay_ms_max: 60_000,
      tenant_memory_max_mb: 64,
      tenant_processes_max: 12,
    },
  });
});
after(() => solo[Symbol.asyncDispose]());

/** Takes what it is told to, and gives it back by itself when the gate is open. */
const taker = Buffer.from(`import { Service } from "solo:service";
class Child extends Service {}
export default class Taker extends Service {
  init() { this.every(20, "look"); return { buffers: undefined, children: [] }; }
  memory(megabytes) { this.state.buffers = Array.from({ length: megabytes }, () => new Uint8Array(1 << 20).fill(1)); }
  async processes(count) { for (let i = 0; i < count; i++) this.state.children.push(await this.spawn(Child)); }
  async onMessage() {
    if (!(await (await this.lookup("gate")).call.isOpen())) return;
    for (const child of this.state.children.splice(0)) this.stop(child);
    if (this.state.buffers === undefined) return;
    this.state.buffers = [];
    // Garbage is collected when there is need.
    for (let i = 0; i < 8; i++) new Uint8Array(1 << 20);
  }
  ping() { return "pong"; }
}
`);

const toldOf = async (tenant: SoloClient, serviceId: string, what: string): Promise<readonly unknown[]> =>
  (await eventsOf(tenant, ["resource_violation"]))
    .filter(({ subject }) => subject === serviceId)
    .map(({ payload }) => [payload?.["what"], payload?.["phase"], payload?.["action"]])
    .filter(([of]) => of === what);

const refusedAs = async (tenant: SoloClient): Promise<SoloError | undefined> => {
  const [settled] = await Promise.allSettled([call(tenant, "greedy", "ping")]);
  return settled.status === "rejected" ? refusalIn(settled) : undefined;
};

for (const [what, method, amount, says] of [
  ["tenant_memory", "memory", 80, /its tenant has \d+ of at most 67108864 bytes of memory, most of it here/],
  ["tenant_processes", "processes", 12, /its tenant has 15 of at most 12 processes, most of them here/],
] as const) {
  for (const [action, name] of [
    [Action.THROTTLE, "throttle"],
    [Action.WARN, "warn"],
  ] as const) {
    test(`${what} × ${name}`, async () => {
      const tenant = await solo.tenant(`${method}-${name}`);
      await tenant.deploy({ serviceId: "gate", code: gate });
      await tenant.deploy({ serviceId: "modest", code: taker });
      await tenant.deploy({ serviceId: "greedy", code: taker, resourceLimits: { limitExceededAction: action } });
      await call(tenant, "greedy", method, [amount]);
      await until("it to be over", async () => (await toldOf(tenant, "greedy", what)).length > 0);
      if (action === Action.THROTTLE) {
        let refused: SoloError | undefined;
        await until("it to be throttled", async () => (refused = await refusedAs(tenant))?.code === "OVERLOADED");
        assert.match(refused?.message ?? "", says);
      }
      const { violations } = await tenant.status({ serviceId: "greedy" });
      assert.deepEqual(
        violations.filter((one) => one.what === what).map((one) => one.action),
        [action],
      );
      assert.match(violations[0]?.summary ?? "", says);
      assert.equal(await call(tenant, "modest", "ping"), "pong");
      if (action === Action.WARN) assert.equal(await call(tenant, "greedy", "ping"), "pong");
      await call(tenant, "gate", "open");
      await until("it to be back under", async () => (await toldOf(tenant, "greedy", what)).length > 1);
      await until("it to take work", async () => (await refusedAs(tenant)) === undefined);
      assert.deepEqual(await toldOf(tenant, "greedy", what), [
        [what, "entered", name],
        [what, "left", name],
      ]);
      assert.deepEqual(await toldOf(tenant, "modest", what), []);
      for (const serviceId of ["greedy", "modest"]) {
        assert.deepEqual((await tenant.status({ serviceId })).deaths, [], serviceId);
      }
    });
  }
}
