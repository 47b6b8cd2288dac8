/**
 * The cell alone, over its socket: what a call, a cast and an idle service cost. Prints the machine and the numbers beside
 * their goals; asserts nothing. Run by itself: node bench/cell.ts
 */
import { readFileSync } from "node:fs";
import { cpus } from "node:os";
import { type CellProcess, type Kernel, service, startCell } from "../test/cell/cell-process.ts";

export interface Row {
  readonly what: string;
  readonly value: number;
  readonly unit: string;
  readonly goal?: number;
}

const ping = "ping() { return 1; }";
const idle = service(`init() { return { count: 0 }; } add(n = 1) { return (this.state.count += n); }`);

const echo = service(
  `init() { return 0; } ${ping} add(n) { this.state += n; return this.state; } note() { this.state++; }`,
);

const driver = service(`
  ${ping}
  init() { return {}; }
  async calls(count) {
    const b = await this.lookup("b");
    const from = Date.now();
    for (let i = 0; i < count; i++) await b.call.add(1);
    return Date.now() - from;
  }
  async casts(count) {
    const b = await this.lookup("b");
    const from = Date.now();
    for (let i = 0; i < count; i++) b.cast.note();
    return Date.now() - from;
  }
  nothing() { const from = Date.now(); let x = 0; for (let i = 0; i < 10_000_000; i++) x += i; return [Date.now() - from, x]; }
`);

async function promote(kernel: Kernel, id: number): Promise<void> {
  for (let i = 0; i < 40; i++) await kernel.result(id, "ping");
}

const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN;

async function best(rounds: number, run: () => Promise<number>): Promise<number> {
  const values: number[] = [];
  for (let i = 0; i < rounds; i++) values.push(await run());
  return median(values);
}

const residentBytes = (pid: number): number => {
  const [, resident = "0"] = readFileSync(`/proc/${pid}/statm`, "utf8").split(" ");
  return Number(resident) * 4_096;
};

async function withCell<T>(run: (cell: CellProcess) => Promise<T>): Promise<T> {
  const cell = await startCell();
  try {
    return await run(cell);
  } finally {
    await cell.kill();
  }
}

const callRows = (): Promise<readonly Row[]> =>
  withCell(async ({ kernel }) => {
    const a = await kernel.load(driver, { service: "a", limits: { cpuTimeMs: 1_000 } });
    const b = await kernel.load(echo, { service: "b", incarnation: 2, limits: { messageQueueLimit: 1_000_000 } });
    await promote(kernel, a);
    await promote(kernel, b);
    // Short messages: a long one would be slow, and its service no longer inline.
    const count = 200;
    const rounds = 100;
    const per = (method: string) => async () => {
      let ms = 0;
      for (let i = 0; i < rounds; i++) {
        ms += (await kernel.result(a, method, count)) as number;
        await kernel.result(b, "ping");
      }
      return (ms / rounds / count) * 1_000;
    };
    const nested = await best(5, per("calls"));
    const cast = await best(5, per("casts"));
    const castAll = await best(5, async () => {
      const from = performance.now();
      const all: Promise<unknown>[] = [];
      for (let i = 0; i < 20; i++) all.push(kernel.result(a, "casts", count));
      await Promise.all(all);
      await kernel.result(b, "ping");
      return ((performance.now() - from) / 20 / count) * 1_000;
    });
    const rtt = await best(5, async () => {
      const from = performance.now();
      for (let i = 0; i < 1_000; i++) await kernel.result(b, "add", 1);
      return performance.now() - from;
    });
    const pipelined = await best(5, async () => {
      const from = performance.now();
      for (let i = 0; i < 20; i++) await Promise.all(Array.from({ length: 100 }, () => kernel.result(b, "add", 1)));
      return ((performance.now() - from) / 2_000) * 1_000;
    });
    return [
      { what: "in-cell call, nested", value: nested, unit: "us", goal: 6 },
      { what: "in-cell cast, the sender's part", value: cast, unit: "us", goal: 1 },
      { what: "in-cell cast, sent and handled", value: castAll, unit: "us" },
      { what: "kernel → cell → kernel, one at a time", value: rtt, unit: "us", goal: 80 },
      { what: "kernel → cell → kernel, 100 at once", value: pipelined, unit: "us" },
    ];
  });

/** A cast ahead of each call keeps its target from being idle, so that the call waits in the mailbox behind it. */
const mailboxRows = (): Promise<readonly Row[]> =>
  withCell(async ({ kernel }) => {
    const a = await kernel.load(
      service(`
        ${ping}
        async calls(count) {
          const b = await this.lookup("b");
          const from = Date.now();
          for (let i = 0; i < count; i++) { b.cast.note(); await b.call.add(1); }
          return Date.now() - from;
        }`),
      { service: "a" },
    );
    const b = await kernel.load(echo, { service: "b", incarnation: 2 });
    await promote(kernel, a);
    await promote(kernel, b);
    const count = 100;
    const rounds = 100;
    const value = await best(5, async () => {
      let ms = 0;
      for (let i = 0; i < rounds; i++) ms += (await kernel.result(a, "calls", count)) as number;
      return (ms / rounds / count) * 1_000;
    });
    return [{ what: "in-cell call by mailbox, behind a cast", value, unit: "us", goal: 15 }];
  });

const memoryRows = (): Promise<readonly Row[]> =>
  withCell(async ({ kernel, process: { pid = 0 } }) => {
    const before = residentBytes(pid);
    const count = 400;
    for (let i = 1; i <= count; i++) await kernel.load(idle, { service: `s${i}`, incarnation: i });
    const each = (residentBytes(pid) - before) / count / 1e6;
    const starts: number[] = [];
    for (let i = 0; i < 30; i++) {
      // Warm guests are made when nothing else is to do.
      await new Promise((resolve) => setTimeout(resolve, 120));
      const incarnation = 10_000 + i;
      const from = performance.now();
      kernel.order(idle, { service: `w${i}`, incarnation });
      await kernel.begun(incarnation);
      await kernel.result(incarnation, "add");
      starts.push(performance.now() - from);
    }
    const random = await best(3, async () => {
      const from = performance.now();
      for (let i = 0; i < 500; i++) await kernel.result(1 + ((i * 7) % count), "add");
      return ((performance.now() - from) / 500) * 1_000;
    });
    return [
      { what: `resident memory per idle service, of ${count}`, value: each, unit: "MB", goal: 1.5 },
      { what: "load → first reply, warm", value: median(starts), unit: "ms", goal: 2 },
      { what: `a call to one of ${count} services, threaded`, value: random, unit: "us" },
    ];
  });

export async function benchCell(): Promise<readonly Row[]> {
  return [...(await callRows()), ...(await mailboxRows()), ...(await memoryRows())];
}

if (import.meta.main) {
  process.stdout.write(`${cpus()[0]?.model ?? "?"} × ${cpus().length}, Node ${process.version}\n`);
  for (const { what, value, unit, goal } of await benchCell()) {
    const beside = goal === undefined ? "" : `   goal ${goal}, ratio ${(value / goal).toFixed(2)}`;
    process.stdout.write(`${what.padEnd(48)} ${value.toFixed(2).padStart(8)} ${unit}${beside}\n`);
  }
}
