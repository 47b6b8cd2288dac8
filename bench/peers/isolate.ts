/**
 * A peer: the engine by itself, without a cell, limits, mailboxes and a guest's prelude; and a worker thread. In a process of its own.
 *
 *   node --no-turboshaft-loop-unrolling bench/peers/isolate.ts crossing         microseconds: one isolate asks another, through the process
 *   …                                                          start            milliseconds: from a script to its first answer
 *   …                                                          memory COUNT     megabytes that each idle one has
 *
 * Prints an object of figures as JSON.
 */
import { once } from "node:events";
import { readFileSync } from "node:fs";
import process from "node:process";
import { Worker } from "node:worker_threads";
import ivm from "isolated-vm";
import { median, round } from "../lib/measure.ts";

const mebibytesMax = 128;
const script = `
  class Counter {
    init() { return { count: 0 }; }
    add(n = 1) { return (this.state.count += n); }
  }
  const counter = new Counter();
  counter.state = counter.init();
  globalThis.call = (text) => JSON.stringify(counter.add(...JSON.parse(text)));`;

interface Bare {
  readonly isolate: ivm.Isolate;
  readonly context: ivm.Context;
}

function make(): Bare {
  const isolate = new ivm.Isolate({ memoryLimit: mebibytesMax });
  return { isolate, context: isolate.createContextSync() };
}

type CallText = ivm.Reference<(text: string) => string>;

function load({ isolate, context }: Bare): CallText {
  isolate.compileScriptSync(script, { filename: "counter.js" }).runSync(context);
  return context.global.getSync("call", { reference: true }) as CallText;
}

/** A asks the process, which asks B; the answer goes back the same way. Text both ways, as in a cell; no timeout, as there is in one. */
function crossing(): object {
  const answer = load(make());
  const asker = make();
  asker.context.global.setSync("ask", new ivm.Callback((text: string) => answer.applySync(undefined, [text])));
  const repeat = asker.context.evalSync(
    "(count) => { for (let n = 0; n < count; n++) JSON.parse(ask(JSON.stringify([1]))); }",
    { reference: true },
  ) as ivm.Reference<(count: number) => void>;
  const samples: number[] = [];
  for (let n = 0; n < 200; n++) {
    const from = performance.now();
    repeat.applySync(undefined, [200]);
    samples.push(((performance.now() - from) / 200) * 1_000);
  }
  return { crossingUs: round(median(samples.slice(50))) };
}

function start(): object {
  const waiting: number[] = [];
  const made: number[] = [];
  for (let n = 0; n < 60; n++) {
    const before = performance.now();
    const bare = make();
    const from = performance.now();
    load(bare).applySync(undefined, ["[1]"]);
    const done = performance.now();
    waiting.push(done - from);
    made.push(done - before);
    bare.isolate.dispose();
  }
  return { waitingMs: round(median(waiting.slice(10))), madeMs: round(median(made.slice(10))) };
}

const residentMb = (): number => (Number(readFileSync("/proc/self/statm", "utf8").split(" ")[1] ?? 0) * 4_096) / 1e6;

async function memory(count: number): Promise<object> {
  const kept: Bare[] = [];
  for (let n = 0; n < 5; n++) kept.push(make());
  const before = residentMb();
  for (let n = 0; n < count; n++) kept.push(make());
  const isolateMb = round((residentMb() - before) / count);
  for (const { isolate } of kept) isolate.dispose();

  const worker = async (): Promise<Worker> => {
    const made = new Worker('require("node:worker_threads").parentPort.on("message", () => {})', { eval: true });
    await once(made, "online");
    return made;
  };
  const workers = [await worker()];
  // Fewer: they are larger.
  const some = Math.ceil(count / 10);
  const without = residentMb();
  for (let n = 0; n < some; n++) workers.push(await worker());
  const workerMb = round((residentMb() - without) / some);
  await Promise.all(workers.map((one) => one.terminate()));
  return { isolateMb, workerMb };
}

const [mode, count = "1"] = process.argv.slice(2);
const found = mode === "crossing" ? crossing() : mode === "start" ? start() : await memory(Number(count));
process.stdout.write(`${JSON.stringify(found)}\n`);
