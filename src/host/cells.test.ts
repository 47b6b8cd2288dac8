import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import {
  cellNumber,
  type CellLoss,
  defined,
  eventId,
  incarnationNumber,
  insist,
  limits,
  parseServiceId,
  parseTenantId,
  type ServiceId,
} from "../base/index.ts";
import type { Input } from "../kernel/index.ts";
import type { LivingCell } from "../wire/index.ts";
import { Breakers } from "./breakers.ts";
import { connectToCell } from "./cell-link.ts";
import { Cells } from "./cells.ts";
import { Peer } from "./peer.testing.ts";
import { Router } from "./router.ts";
import { timing } from "./timing.ts";

type Powers = ConstructorParameters<typeof Cells>[0];
type Epoch = Powers["epoch"];

const killed: CellLoss = { type: "signal", signal: "SIGKILL" };
const acme = parseTenantId("acme");
insist(acme !== undefined, "a tenant's name");
const deployed: Readonly<Record<string, Powers["deployedBy"] extends (...at: never[]) => infer By ? By : never>> = {
  first: eventId(10),
  second: eventId(20),
};

/** All lives that cells of these tests say they hold. */
const resident: ReturnType<Powers["residents"]> = [
  ...[2, 7, 8].flatMap((incarnation) =>
    ["first", "second", "goodbye", "counter"].map((service) => ({ service, incarnation, instance: 1 })),
  ),
  { service: "first", incarnation: 9, instance: 1 },
  { service: "first", incarnation: 3, instance: 2 },
  { service: "crashes", incarnation: 3, instance: 1 },
  { service: "gone", incarnation: 4, instance: 1 },
  { service: "stubborn", incarnation: 4, instance: 1 },
].map(({ service, instance, incarnation }) => ({
  tenant: acme,
  service: defined(parseServiceId(service), "a service's name"),
  instance,
  incarnation: incarnationNumber(incarnation),
}));

/** Cells of a kernel that has just started; what they submit and acknowledge is kept. */
function fresh(
  trace: Powers["trace"] = async (_tenant, _service, _release, stack) => stack,
  nowMs: Powers["timing"]["nowMs"] = timing.nowMs,
  residents: ReturnType<Powers["residents"]> = resident,
  unplaced: ReturnType<Powers["unplaced"]> = [],
): {
  readonly cells: Cells;
  readonly submitted: Input[];
  readonly acknowledged: number[];
  readonly logged: { readonly text: string; readonly dropped: number }[];
  /** Why the first cell was killed. */
  readonly killing: Promise<CellLoss>;
} {
  const [submitted, acknowledged]: [Input[], number[]] = [[], []];
  const logged: { readonly text: string; readonly dropped: number }[] = [];
  const killing = Promise.withResolvers<CellLoss>();
  const cells = new Cells({
    epoch: 2 as Epoch,
    settings: {
      warmCells: 0,
      servicesPerCellMax: 500,
      cellRssBytesMax: 0,
      systemCell: { rssBytesMax: 1, cpuWeight: 400 },
      emptyMsMax: 60_000,
    },
    router: new Router({
      absence: () => ({ name: "absent" }),
      life: () => "unknown",
      instances: () => 1,
      breakers: new Breakers({
        policy: { failuresMax: 5, resetMs: 1_000 },
        nowMs: () => 0,
        opened: () => undefined,
        closed: () => undefined,
      }),
      throttleMs: 0,
      durable: async () => undefined,
      trace: async (_tenant, _service, stack) => stack,
    }),
    init: {
      spawn: () => undefined,
      limit: () => undefined,
      assign: () => undefined,
      kill: (_cell, loss) => killing.resolve(loss),
      acknowledgeExit: (cell) => acknowledged.push(cell),
    },
    submit: async (input) => void submitted.push(input),
    artifact: async () => ({ refused: "ARTIFACT_DAMAGED", detail: {} }),
    trace,
    log: ({ text, dropped }) => logged.push({ text, dropped }),
    releaseOf: () => undefined,
    residents: () => residents,
    unplaced: () => unplaced,
    deployedBy: (_tenant, service) => deployed[service],
    timing: { ...timing, nowMs },
    connect: connectToCell,
  });
  return { cells, submitted, acknowledged, logged, killing: killing.promise };
}

const living = (peer: Peer, cell: number): LivingCell => ({
  cell: cellNumber(cell),
  socket: peer.path,
  osPid: process.pid,
  tenant: acme,
});

const running = (service: string, incarnation: number, instance = 1) => ({
  service,
  instance,
  incarnation,
  phase: "running",
});

/** No time passes until cells that are found have answered: on a busy machine that takes longer than they are waited for. */
const stopTime = (t: TestContext): void => t.mock.timers.enable({ apis: ["setTimeout"] });

/** A cell that is found, and answers what it holds. */
async function adopted(
  t: TestContext,
  { cells, peer, holds }: { readonly cells: Cells; readonly peer: Peer; readonly holds: readonly object[] },
): ReturnType<Cells["adopt"]> {
  stopTime(t);
  const adopting = cells.adopt([living(peer, 1_000_001)]);
  await peer.hear("hello");
  peer.say({ type: "welcome", tenant: acme, incarnations: holds });
  const found = await adopting;
  t.mock.timers.reset();
  return found;
}

for (const [whose, tenant] of [
  ["another tenant's", defined(parseTenantId("victim"), "tenant")],
  ["nobody's", undefined],
] as const) {
  test(`a cell that is ${whose} and says it is some tenant's is killed, and nothing that it says it holds is believed`, async (t) => {
    stopTime(t);
    await using peer = await Peer.listen();
    const { cells, submitted, killing } = fresh();
    using _ = cells;
    const { tenant: _own, ...nobodys } = living(peer, 1_000_001);
    const adopting = cells.adopt([tenant === undefined ? nobodys : { ...nobodys, tenant }]);
    await peer.hear("hello");
    peer.say({ type: "welcome", tenant: acme, incarnations: [running("first", 7)] });
    assert.deepEqual(await killing, { type: "protocol", problem: "it says it is another tenant's" });
    cells.exited(cellNumber(1_000_001), killed);
    assert.deepEqual((await adopting).survivors, []);
    cells.begin();
    await turn();
    assert.deepEqual(submitted, []);
  });
}

for (const [knows, welcome] of [
  ["knows whose it is", { type: "welcome", tenant: acme, incarnations: [] }],
  ["was not told yet whose it is", { type: "welcome", incarnations: [] }],
] as const) {
  test(`an empty cell that ${knows} keeps the tier of which it was when a new kernel finds it`, async (t) => {
    stopTime(t);
    await using peer = await Peer.listen();
    const { cells } = fresh();
    using _ = cells;
    const adopting = cells.adopt([{ ...living(peer, 1_000_001), tier: "system" }]);
    await peer.hear("hello");
    peer.say(welcome);
    await adopting;
    assert.deepEqual(
      cells.census().map(({ tenant, tier }) => [tenant, tier]),
      [[acme, "system"]],
    );
  });
}

test("a cell is believed to hold only what the log puts there, or puts nowhere yet; the rest is ended", async (t) => {
  await using peer = await Peer.listen();
  const [first, second] = resident;
  const starting = { ...defined(second, "a resident"), incarnation: incarnationNumber(20), phase: "starting" } as const;
  const { cells } = fresh(undefined, undefined, [defined(first, "a resident")], [starting]);
  using _ = cells;
  const [own, another, anothersName, coming] = [
    running("first", 2),
    running("second", 7),
    running("second", 2),
    running("second", 20),
  ];
  const { survivors } = await adopted(t, { cells, peer, holds: [own, another, anothersName, coming] });
  assert.deepEqual(
    survivors.map(({ service, incarnation }) => [service, incarnation]),
    [
      ["first", 2],
      ["second", 20],
    ],
  );
  for (const stray of [7, 2]) assert.equal((await peer.hear("stop")).header["incarnation"], stray);
});

test("a cell tells what is used by those who are in it, and by nobody else", async (t) => {
  await using peer = await Peer.listen();
  const { cells } = fresh();
  using _ = cells;
  await adopted(t, { cells, peer, holds: [running("first", 7)] });
  const asked = cells.usage(acme);
  const { header } = await peer.hear("inspect");
  const usage = { memoryBytes: 2 ** 30, mailboxLength: 0, cpuMicros: 1 };
  peer.say({ type: "inspected", id: header["id"], usages: [7, 8].map((incarnation) => ({ incarnation, usage })) });
  assert.deepEqual([...(await asked).keys()], [7]);
});

test("a cell that was given to a tenant and had not heard of it yet is told", async (t) => {
  stopTime(t);
  await using peer = await Peer.listen();
  const { cells } = fresh();
  using _ = cells;
  const adopting = cells.adopt([living(peer, 1_000_001)]);
  await peer.hear("hello");
  peer.say({ type: "welcome", incarnations: [] });
  await adopting;
  assert.deepEqual((await peer.hear("adopt")).header, { type: "adopt", tenant: acme });
});

test("a cell that ends before it says what it holds is told with its true end, and recorded by whoever knows", async (t) => {
  stopTime(t);
  await using peer = await Peer.listen();
  const { cells, submitted, acknowledged } = fresh();
  using _ = cells;
  const adopting = cells.adopt([living(peer, 1_000_001)]);
  await peer.hear("hello");
  cells.exited(cellNumber(1_000_001), killed);
  assert.deepEqual(await adopting, { survivors: [], exits: [{ cell: 1_000_001, loss: killed }] });
  cells.begin();
  await turn();
  assert.deepEqual([submitted, acknowledged], [[], []]);
});

test("a cell that ends after it said what it holds is reported with its victims, once the kernel has taken over", async (t) => {
  await using peer = await Peer.listen();
  const { cells, submitted, acknowledged } = fresh();
  using _ = cells;
  const { survivors, exits } = await adopted(t, { cells, peer, holds: [running("counter", 7)] });
  assert.deepEqual(exits, []);
  assert.deepEqual(
    survivors.map(({ incarnation, cell }) => [incarnation, cell]),
    [[7, 1_000_001]],
  );
  cells.exited(cellNumber(1_000_001), killed, [{ incarnation: incarnationNumber(7), lastedMs: 5 }]);
  await turn();
  assert.deepEqual(submitted, [], "not before the kernel has taken over");
  cells.begin();
  while (acknowledged.length === 0) await turn();
  const victims = [{ incarnation: 7, inFlight: true, lastedMs: 5 }];
  assert.deepEqual(submitted, [{ type: "cell_lost", cell: 1_000_001, loss: killed, victims, turns: 1, tenant: acme }]);
  assert.deepEqual(acknowledged, [1_000_001]);
});

test("a death does not wait for a builder that hangs: it is told with the stack as it was", async (t) => {
  await using peer = await Peer.listen();
  const { cells, submitted, acknowledged } = fresh(() => Promise.withResolvers<string>().promise);
  using _ = cells;
  await adopted(t, { cells, peer, holds: [running("first", 7), running("second", 8)] });
  cells.begin();
  const error = { name: "Error", message: "no", stack: "at first.ts:1:1" };
  const death = { type: "crashed", where: "message", error };
  for (const [at, service] of ["first", "second"].entries()) {
    const ended = { type: "ended", service, instance: 1, incarnation: 7 + at, death, started: true };
    peer.say({ type: "report", number: at + 1, report: ended });
  }
  await peer.hear("acknowledge");
  await peer.hear("acknowledge");
  assert.deepEqual(
    submitted.map((input) => input.type === "ended" && input.death),
    [death, death],
  );
  assert.deepEqual(acknowledged, []);
});

test("a shutdown ends what was deployed last first, whatever was restarted since", async (t) => {
  await using peer = await Peer.listen();
  const { cells } = fresh();
  using _ = cells;
  const incarnations = [running("second", 2), running("first", 9, 1), running("first", 3, 2), running("gone", 4)];
  await adopted(t, { cells, peer, holds: incarnations });
  cells.begin();
  const ending = cells.shutDown(10_000);
  const order: unknown[] = [];
  for (let at = 0; at < incarnations.length; at++) {
    const { header } = await peer.hear("stop");
    order.push(header["incarnation"]);
    const { service, instance } = incarnations.find(({ incarnation }) => incarnation === header["incarnation"]) ?? {};
    const ended = { type: "ended", service, instance, incarnation: header["incarnation"], death: header["death"] };
    peer.say({ type: "report", number: at + 1, report: { ...ended, started: true } });
  }
  assert.deepEqual(order, [2, 3, 9, 4]);
  assert.deepEqual(await ending, { outcome: "clean", misfits: [] });
});

test("a shutdown tells of each that ended badly how it did, and of nobody else", async (t) => {
  await using peer = await Peer.listen();
  const { cells } = fresh();
  using _ = cells;
  const incarnations = [running("goodbye", 2), running("crashes", 3), running("stubborn", 4)];
  await adopted(t, { cells, peer, holds: incarnations });
  cells.begin();
  stopTime(t);
  const ending = cells.shutDown(300);
  const crash = { type: "crashed", where: "terminate", error: { name: "Error", message: "no", stack: "" } };
  for (let at = 0; at < incarnations.length; at++) {
    const { header } = await peer.hear("stop");
    const found = incarnations.find(({ incarnation }) => incarnation === header["incarnation"]);
    if (found?.service === "stubborn") continue;
    const death = found?.service === "crashes" ? crash : header["death"];
    const ended = { type: "ended", service: found?.service, instance: 1, incarnation: header["incarnation"], death };
    peer.say({ type: "report", number: at + 1, report: { ...ended, started: true } });
  }
  // What is answered behind them is heard after them; no report is acknowledged any more.
  const asked = cells.usage(acme);
  const { header } = await peer.hear("inspect");
  peer.say({ type: "inspected", id: header["id"], usages: [] });
  await asked;
  await turn();
  t.mock.timers.tick(300);
  const { outcome, misfits } = await ending;
  assert.equal(outcome, "deadline");
  assert.deepEqual(
    misfits.map(({ tenant, incarnation, death }) => [tenant, incarnation, death]),
    [
      [acme, 3, crash],
      [acme, 4, { type: "cell_lost", loss: { type: "closed" }, inFlight: "no" }],
    ],
  );
});

test("a cell that reports without end is cut off", async (t) => {
  await using peer = await Peer.listen();
  const { cells, killing } = fresh();
  using _ = cells;
  await adopted(t, { cells, peer, holds: [running("first", 7)] });
  // Nothing is handled before the kernel has taken over: all of it would wait.
  const report = { type: "started", service: "first", instance: 1, incarnation: 7, tookMs: 1 };
  for (let number = 1; number <= 4 * limits.isolatesPerCellMax + 1; number++) {
    peer.say({ type: "report", number, report });
  }
  assert.deepEqual(await killing, { type: "protocol", problem: "more reports than it can have" });
});

test("lines that come faster than a sound cell sends them are dropped, and counted when there is room again", async (t) => {
  await using peer = await Peer.listen();
  let now = 0;
  const { cells, logged } = fresh(undefined, () => now);
  using _ = cells;
  await adopted(t, { cells, peer, holds: [running("first", 7)] });
  cells.begin();
  const line = { type: "log", incarnation: 7, level: "INFO", text: "x".repeat(limits.logLineBytesMax), dropped: 0 };
  const sent = 1_000;
  for (let n = 0; n < sent; n++) peer.say(line);
  await told(peer);
  const taken = logged.length;
  assert.ok(taken * limits.logLineBytesMax <= 4 * limits.logBytesPerSecondMax && taken > 100);
  now += 1_000;
  peer.say({ ...line, text: "again" });
  await told(peer, 2);
  assert.deepEqual(logged.at(-1), { text: "again", dropped: sent - taken });
});

/** Until the cells have read all that was said: a report that nobody waits for is acknowledged. */
async function told(peer: Peer, number = 1): Promise<void> {
  const report = { type: "started", service: "nobody", instance: 1, incarnation: 99, tookMs: 1 };
  peer.say({ type: "report", number, report });
  await peer.hear("acknowledge");
}

const seven = { tenant: acme, service: parsedService("first"), instance: 1, incarnation: incarnationNumber(7) };

test("a busy cell holds up no take-over: it is believed to hold what the log says, and joins when it answers", async () => {
  await using peer = await Peer.listen();
  const { cells, submitted } = fresh(undefined, undefined, [seven]);
  using _ = cells;
  const { survivors } = await cells.adopt([living(peer, 1_000_001)]);
  assert.deepEqual(
    survivors.map(({ incarnation, phase }) => [incarnation, phase]),
    [[7, "running"]],
  );
  cells.begin();
  // Ordered while it does not answer: told when it does. What the kernel did not know of ends.
  cells.stop({ type: "stop", ...seven, death: { type: "stopped", why: "sibling" }, graceMs: 5 });
  peer.say({ type: "welcome", tenant: acme, incarnations: [running("first", 7), running("second", 8)] });
  const stops = [(await peer.hear("stop")).header, (await peer.hear("stop")).header];
  assert.deepEqual(
    new Set(stops.map(({ incarnation, graceMs }) => `${String(incarnation)} within ${String(graceMs)} ms`)),
    new Set(["7 within 5 ms", "8 within 0 ms"]),
  );
  assert.deepEqual(submitted, []);
});

test("a busy cell that turns out to be dead is reported with what the log says it held", async () => {
  await using peer = await Peer.listen();
  const { cells, submitted, acknowledged } = fresh(undefined, undefined, [seven]);
  using _ = cells;
  await cells.adopt([living(peer, 1_000_001)]);
  cells.begin();
  cells.exited(cellNumber(1_000_001), killed);
  while (acknowledged.length === 0) await turn();
  const victims = [{ incarnation: 7, inFlight: false }];
  assert.deepEqual(submitted, [{ type: "cell_lost", cell: 1_000_001, loss: killed, victims, tenant: acme }]);
});

const eight = { ...seven, incarnation: incarnationNumber(8), phase: "starting" } as const;
const nine = { ...seven, incarnation: incarnationNumber(9), phase: "stopping" } as const;

test("what starts or stops may be in a busy cell: it counts as alive, and is told there what it was to be told", async () => {
  await using peer = await Peer.listen();
  const { cells, submitted } = fresh(undefined, undefined, [seven], [eight, nine]);
  using _ = cells;
  const { survivors } = await cells.adopt([living(peer, 1_000_001)]);
  assert.deepEqual(
    survivors.map(({ incarnation, phase }) => [incarnation, phase]),
    [
      [7, "running"],
      [8, "starting"],
      [9, "stopping"],
    ],
  );
  cells.begin();
  cells.stop({ type: "stop", ...nine, death: { type: "stopped", why: "sibling" }, graceMs: 5 });
  await turn();
  assert.deepEqual(submitted, [], "nobody knows yet that it has ended");
  peer.say({ type: "welcome", tenant: acme, incarnations: [7, 8, 9].map((one) => running("first", one)) });
  const { header } = await peer.hear("stop");
  assert.deepEqual([header["incarnation"], header["graceMs"]], [9, 5]);
  await told(peer);
  assert.deepEqual(submitted, []);
});

test("what no busy cell holds after all is missing, once the last that might have held it has answered or ended", async () => {
  await using peer = await Peer.listen();
  await using other = await Peer.listen();
  const { cells, submitted } = fresh(undefined, undefined, [], [eight, nine]);
  using _ = cells;
  await cells.adopt([living(peer, 1_000_001), living(other, 1_000_002)]);
  cells.begin();
  peer.say({ type: "welcome", tenant: acme, incarnations: [running("first", 8)] });
  await told(peer);
  assert.equal(submitted.length, 0, "it may be in the other");
  cells.exited(cellNumber(1_000_002), killed);
  while (submitted.length === 0) await turn();
  assert.deepEqual(submitted, [{ type: "missing", tenant: acme, incarnation: 9 }]);
});

test("a tenant is not cleared away before each cell that may be its own has answered, and its own have ended", async () => {
  await using peer = await Peer.listen();
  const { cells, killing } = fresh(undefined, undefined, []);
  using _ = cells;
  await cells.adopt([living(peer, 1_000_001)]);
  cells.begin();
  let cleared = false;
  const retiring = cells.retire(acme).then(() => (cleared = true));
  await turn();
  assert.equal(cleared, false, "it has not answered");
  peer.say({ type: "welcome", tenant: acme, incarnations: [] });
  assert.deepEqual(await killing, { type: "closed" });
  assert.equal(cleared, false, "it has not ended");
  cells.exited(cellNumber(1_000_001), { type: "closed" });
  await retiring;
});

function parsedService(name: string): ServiceId {
  const service = parseServiceId(name);
  insist(service !== undefined, "a service's name");
  return service;
}
