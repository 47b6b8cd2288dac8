/** Calls and casts between services, without the client: one of them, in a crowd, each timed alone; and how many go through in a second. */
import { encodeFrame } from "../../src/wire/index.ts";
import { bareIsolate } from "../lib/bare-isolate.ts";
import { type Figures, figures, inParallel, inTurns, median, round } from "../lib/measure.ts";
import type { Row } from "../lib/report.ts";
import { setting } from "../lib/settings.ts";
import { UnixEcho } from "../lib/unix-echo.ts";

/** Asks the caller; it answers with a time, or a count. */
export type Ask = (method: string, ...args: readonly unknown[]) => Promise<number>;

const rounds = setting("SOLO_BENCH_ROUNDS", 9);
const timedAlone = Math.ceil(setting("SOLO_BENCH_CALLS", 5_000) / 10);
const ticksTimed = Math.min(200, 4 * timedAlone);
/** Calls that a caller makes for one message: few enough to be a short turn within a cell. */
const perMessage = 200;
/** A single call within a cell is too short for the clock of whoever makes it. */
const inARow = 20;
/** Such messages for one figure: their clock's whole milliseconds average out. */
const messages = setting("SOLO_BENCH_REPEATS", 20);
const asksOfRelay = 100 * messages;

/** Frames of the sizes that a call between cells and its answer have, on the way to the kernel. */
const sizes = {
  requestBytes: encodeFrame(
    { type: "call", id: 1_000, caller: 3, service: "elsewhere", method: "add", timeoutMs: 5_000, chain: [3] },
    Buffer.from("[1]"),
  ).length,
  responseBytes: encodeFrame({ type: "answer", id: 1_000 }, Buffer.from("1000")).length,
};
const castBytes = encodeFrame(
  { type: "cast", caller: 3, service: "elsewhere", method: "add" },
  Buffer.from("[1]"),
).length;

export async function hopRows(ask: Ask): Promise<readonly Row[]> {
  const { crossingUs } = await bareIsolate("crossing");
  const bare = { what: "a bare isolate left and another entered, and back", value: round(crossingUs) };
  await using relay = await UnixEcho.start(sizes, 1);
  const rows: Row[] = [];
  for (const inFlight of [1, 16, 64]) rows.push(...(await rowsOf(ask, relay, inFlight, bare)));
  const none: Row = {
    what: "the same, of no call: what timing adds",
    unit: "µs",
    figures: await timed(ask, "beside", 0, 1),
  };
  return [...rows, none, ...(await castRows(ask))];
}

async function rowsOf(ask: Ask, relay: UnixEcho, inFlight: number, bare: Row["peer"]): Promise<readonly Row[]> {
  const many = `${inFlight} in flight`;
  const crowd = inFlight === 1 ? "alone" : `one of ${inFlight} at once`;
  const found = await inTurns(rounds, {
    beside: perCall(ask, "repeat", "beside", inFlight),
    elsewhere: perCall(ask, "repeat", "elsewhere", inFlight),
    relayed: async () => ((await inParallel(inFlight, asksOfRelay, () => relay.ask())).tookMs / asksOfRelay) * 1_000,
  });
  const perSecond = (microseconds: number): number => Math.round(1e6 / microseconds);
  const alone = {
    beside: await timed(ask, "beside", inFlight, inFlight === 1 ? inARow : 1),
    elsewhere: await timed(ask, "elsewhere", inFlight, 1),
    relayed: await timedRelay(relay, inFlight),
  };
  const relayed = "bare relay between Unix sockets";
  return [
    {
      what: `service → service of its cell, ${inFlight === 1 ? `each of ${inARow} in a row` : crowd}`,
      unit: "µs",
      figures: alone.beside,
      ...(inFlight === 1 && bare !== undefined ? { peer: bare } : {}),
    },
    {
      what: `… per second, ${many}`,
      unit: "per s",
      figures: { value: perSecond(found.beside) },
      // There, one waits for the other, however many there are.
      ...(bare === undefined ? {} : { peer: { ...bare, value: perSecond(bare.value) } }),
    },
    {
      what: `service → service of another cell, ${crowd}`,
      unit: "µs",
      figures: alone.elsewhere,
      peer: { what: `${relayed} p50`, value: alone.relayed.p50 },
    },
    {
      what: `… per second, ${many}`,
      unit: "per s",
      figures: { value: perSecond(found.elsewhere) },
      peer: { what: relayed, value: perSecond(found.relayed) },
    },
  ];
}

/** Microseconds for each call or cast of many, by the caller's clock. */
const perCall =
  (ask: Ask, method: "repeat" | "casts", to: string, ...more: readonly number[]) =>
  async (): Promise<number> => {
    let ms = 0;
    for (let n = 0; n < messages; n++) ms += await ask(method, to, perMessage, ...more);
    return (ms / messages / perMessage) * 1_000;
  };

/** Each call of a crowd is the one that is timed as often as the others. Of no call, it is the clock's own error. */
async function timed(ask: Ask, to: string, atOnce: number, times: number): Promise<Figures> {
  const ticks: number[] = [];
  for (let n = 0; n < ticksTimed; n++) ticks.push(await ask("tick"));
  const turnsPerTick = median(ticks);
  const samples: number[] = [];
  for (let n = 0; n < timedAlone; n++) {
    samples.push(await ask("one", to, atOnce, n % Math.max(1, atOnce), times, turnsPerTick));
  }
  return figures(samples);
}

async function timedRelay(relay: UnixEcho, atOnce: number): Promise<Figures> {
  const samples: number[] = [];
  for (let n = 0; n < timedAlone; n++) {
    const from = performance.now();
    const asked = Array.from({ length: atOnce }, () => relay.ask());
    await asked[n % atOnce];
    samples.push((performance.now() - from) * 1_000);
    await Promise.all(asked);
  }
  return figures(samples);
}

async function castRows(ask: Ask): Promise<readonly Row[]> {
  await using relay = await UnixEcho.start({ ...sizes, requestBytes: castBytes, pieces: perMessage }, 1);
  const found = await inTurns(rounds, {
    beside: perCall(ask, "casts", "beside"),
    elsewhere: perCall(ask, "casts", "elsewhere"),
    relayed: async () => {
      const from = performance.now();
      for (let n = 0; n < messages; n++) await relay.ask();
      return ((performance.now() - from) / messages / perMessage) * 1_000;
    },
  });
  const what = (where: string): string =>
    `cast, service → service of ${where}, sent and handled, ${perMessage} in a row`;
  return [
    { what: what("its cell"), unit: "µs", figures: { value: round(found.beside) } },
    {
      what: what("another cell"),
      unit: "µs",
      figures: { value: round(found.elsewhere) },
      peer: { what: "bare relay between Unix sockets, one answer to all", value: round(found.relayed) },
    },
  ];
}
