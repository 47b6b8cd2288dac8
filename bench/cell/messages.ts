/** Messages of a cell: between its services, beside GenServer; and between it and its kernel, beside a bare echo. */
import { encodeFrame } from "../../src/wire/index.ts";
import { type Kernel, service } from "../../test/cell/cell-process.ts";
import { bareIsolate } from "../lib/bare-isolate.ts";
import { besideElixir, type GenServerFigures } from "../lib/elixir.ts";
import { inTurns, median, round } from "../lib/measure.ts";
import type { Row } from "../lib/report.ts";
import { setting } from "../lib/settings.ts";
import { UnixEcho } from "../lib/unix-echo.ts";
import { withCell } from "./with-cell.ts";

const rounds = setting("SOLO_BENCH_ROUNDS", 5);
/** Messages for one figure: their clock's whole milliseconds average out. */
const repeats = setting("SOLO_BENCH_REPEATS", 100);
const ping = "ping() { return 1; }";

const echo = service(
  `init() { return 0; } ${ping} add(n) { this.state += n; return this.state; } note() { this.state++; }`,
);

const driver = service(`
  ${ping}
  async calls(count) {
    const b = await this.lookup("b");
    const from = Date.now();
    for (let i = 0; i < count; i++) await b.call.add(1);
    return Date.now() - from;
  }
  async atOnce(count) {
    const b = await this.lookup("b");
    const from = Date.now();
    await Promise.all(Array.from({ length: count }, () => b.call.add(1)));
    return Date.now() - from;
  }
  async casts(count) {
    const b = await this.lookup("b");
    const from = Date.now();
    for (let i = 0; i < count; i++) b.cast.note();
    return Date.now() - from;
  }
  // A cast ahead of each call keeps its target from being idle, so that the call waits in the mailbox behind it.
  async behindCasts(count) {
    const b = await this.lookup("b");
    const from = Date.now();
    for (let i = 0; i < count; i++) { b.cast.note(); await b.call.add(1); }
    return Date.now() - from;
  }
`);

async function promote(kernel: Kernel, id: number): Promise<void> {
  for (let i = 0; i < 40; i++) await kernel.result(id, "ping");
}

async function medianOf(run: () => Promise<number>): Promise<number> {
  const values: number[] = [];
  for (let i = 0; i < rounds; i++) values.push(await run());
  return median(values);
}

/** Frames of the sizes that a call of `add` and its outcome have. */
const sizes = {
  requestBytes: encodeFrame(
    { type: "call", id: 1_000, incarnation: 2, method: "add", timeoutMs: 5_000, from: "test", chain: [] },
    Buffer.from("[1]"),
  ).length,
  responseBytes: encodeFrame({ type: "outcome", id: 1_000 }, Buffer.from("1000")).length,
};

export const messageRows = (beam: GenServerFigures): Promise<readonly Row[]> =>
  withCell(async ({ kernel }) => {
    const a = await kernel.load(driver, { service: "a" });
    const b = await kernel.load(echo, { service: "b", incarnation: 2, limits: { messageQueueLimit: 1_000_000 } });
    await promote(kernel, a);
    await promote(kernel, b);
    const between = await betweenServices(kernel, { a, b }, beam);
    const kernelTo = await fromTheKernel(kernel, b);
    return [...between, ...kernelTo];
  });

async function betweenServices(
  kernel: Kernel,
  { a, b }: { readonly a: number; readonly b: number },
  beam: GenServerFigures,
): Promise<readonly Row[]> {
  // Short messages: a long one would be slow, and its service no longer inline.
  const per = (method: string, count: number): Promise<number> =>
    medianOf(async () => {
      let ms = 0;
      for (let i = 0; i < repeats; i++) {
        ms += (await kernel.result(a, method, count)) as number;
        await kernel.result(b, "ping");
      }
      return (ms / repeats / count) * 1_000;
    });
  const nested = await per("calls", 200);
  const behindCasts = await per("behindCasts", 100);
  const atOnce = await per("atOnce", 100);
  const cast = await per("casts", 200);
  const castHandled = await medianOf(async () => {
    const from = performance.now();
    await Promise.all(Array.from({ length: 20 }, () => kernel.result(a, "casts", 200)));
    await kernel.result(b, "ping");
    return ((performance.now() - from) / 20 / 200) * 1_000;
  });
  const { crossingUs } = await bareIsolate("crossing");
  const row = (what: string, value: number, goal?: string): Row => ({
    what,
    unit: "µs",
    figures: { value: round(value) },
    ...(goal === undefined ? {} : { goal }),
  });
  return [
    {
      ...row("in-cell call, nested", nested, "≤ 6"),
      peer: { what: "a bare isolate left and another entered, and back", value: crossingUs },
    },
    ...(beam.has("call")
      ? [{ ...row("in-cell call, nested", nested, "≤ 6"), ...besideElixir(beam, "call", "GenServer.call") }]
      : []),
    {
      ...row("in-cell call by mailbox, behind a cast", behindCasts, "≤ 15"),
      ...besideElixir(beam, "call", "GenServer.call"),
    },
    { ...row("in-cell call, 100 at once", atOnce), ...besideElixir(beam, "calls_at_once", "GenServer, 100 at once") },
    { ...row("in-cell cast, the sender's part", cast, "≤ 1"), ...besideElixir(beam, "cast", "GenServer.cast") },
    {
      ...row("in-cell cast, sent and handled", castHandled),
      ...besideElixir(beam, "cast_handled", "GenServer.cast, handled"),
    },
  ];
}

async function fromTheKernel(kernel: Kernel, b: number): Promise<readonly Row[]> {
  await using bare = await UnixEcho.start(sizes);
  const oneByOne = (ask: () => Promise<unknown>) => async (): Promise<number> => {
    const from = performance.now();
    for (let i = 0; i < 1_000; i++) await ask();
    return performance.now() - from;
  };
  const atOnce = (ask: () => Promise<unknown>) => async (): Promise<number> => {
    const from = performance.now();
    for (let i = 0; i < 20; i++) await Promise.all(Array.from({ length: 100 }, ask));
    return ((performance.now() - from) / 2_000) * 1_000;
  };
  const call = (): Promise<unknown> => kernel.result(b, "add", 1);
  const ask = (): Promise<unknown> => bare.ask();
  await oneByOne(ask)();
  // In turns, since on which core a process finds itself decides more than what it does.
  const found = await inTurns(2 * rounds + 1, {
    call: oneByOne(call),
    echo: oneByOne(ask),
    calls: atOnce(call),
    echoes: atOnce(ask),
  });
  return [
    {
      what: "kernel → cell → kernel, one at a time",
      unit: "µs",
      figures: { value: round(found.call) },
      goal: "≤ 80",
      peer: { what: "bare echo over a Unix socket", value: round(found.echo) },
    },
    {
      what: "kernel → cell → kernel, 100 at once",
      unit: "µs",
      figures: { value: round(found.calls) },
      peer: { what: "bare echo, 100 at once", value: round(found.echoes) },
    },
  ];
}
