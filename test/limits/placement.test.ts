/** A cell that is full takes no more: its tenant's next service gets another one, and the pool is filled up again. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { SoloClient } from "../../src/client/index.ts";
import { eventsOf, isRunning, service } from "../e2e/asking.ts";
import { call, Solo, until } from "../e2e/solo.ts";

const servicesPerCellMax = 3;
/** Kept ready, and nobody's yet. */
const warmCells = 2;

let solo: Solo;
let tenant: SoloClient;

const code = service(`
  ping() { return this.pid; }
  async ask(name: string) { return (await this.lookup(name)).call.ping(); }`);

before(async () => {
  solo = await Solo.start({ config: { services_per_cell_max: servicesPerCellMax } });
  tenant = await solo.tenant("crowd");
});
after(() => solo[Symbol.asyncDispose]());

const cellsRunning = (): number => solo.processes().filter(({ role }) => role === "cell").length;

/** Where each incarnation was placed, in order. */
const cellsOf = async (client: SoloClient): Promise<readonly unknown[]> =>
  (await eventsOf(client, ["service_deployed"])).map(({ payload }) => payload?.["cell"]);

test("services fill one cell, and then the next; the pool is filled up again; all of them reach one another", async () => {
  for (let i = 1; i <= servicesPerCellMax + 1; i++) await tenant.deploy({ serviceId: `s${i}`, code });
  const cells = await cellsOf(await solo.client("admin"));
  assert.equal(cells.length, servicesPerCellMax + 1);
  assert.equal(new Set(cells.slice(0, servicesPerCellMax)).size, 1, "the first ones share a cell");
  assert.equal(new Set(cells).size, 2, "the next one has another");
  await until("the pool to be full", () => cellsRunning() === 2 + warmCells);
  const [full, next] = [...new Set(cells)].map((cell) => solo.cellPid(Number(cell)));
  assert.notEqual(full, next, "they are two processes");
  const first = await call(tenant, "s1", "ping");
  assert.equal(await call(tenant, "s4", "ask", ["s1"]), first, "from one cell into the other");
});

test("the room of a service that ended is taken by the next, and no cell is made for it", async () => {
  await tenant.kill({ serviceId: "s2" });
  await tenant.deploy({ serviceId: "s5", code });
  const cells = await cellsOf(await solo.client("admin"));
  assert.equal(cells.at(-1), cells[0]);
  assert.equal(cellsRunning(), 2 + warmCells);
});

test("instances of one service are placed one by one", async () => {
  await tenant.deploy({ serviceId: "many", code, instances: 2 * servicesPerCellMax });
  assert.ok(isRunning(await tenant.status({ serviceId: "many" })));
  const pids = new Set<unknown>();
  await until("each of them to answer", async () => {
    pids.add(await call(tenant, "many", "ping"));
    return pids.size === 2 * servicesPerCellMax;
  });
  // Ten in all, three to a cell.
  await until("four cells and the pool", () => cellsRunning() === 4 + warmCells);
});
