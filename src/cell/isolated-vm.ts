/**
 * The engine, by isolated-vm. Everything that is peculiar to it is in this file:
 *
 * - A turn's `timeout` is wall time, paused while another isolate or the cell runs on the same thread.
 * - An error that leaves an isolate is read by the engine outside of any timeout. The prelude catches what the tenant
 *   throws; what remains are rejections that nobody handled, which the engine throws out of the turn that made them.
 * - With `onCatastrophicError` a thread that cannot be stopped is parked after 5 s instead of hanging for ever.
 * - Dead timeout entries live until their deadline.
 * - The arguments of a callback are lost if there are 255 of them, 383, 511, …: their number, written in groups of seven bits,
 *   begins with the byte that also begins a header, for which the engine looks once too often. One that is heard throws,
 *   one that is ignored says nothing. The prelude's outbox never pushes so many.
 */
import ivm from "isolated-vm";
import type { Crossing, Ears, Engine, Fault, Guest, TurnResult } from "./engine.ts";
import type { Script } from "./rehearsal.ts";

export interface Prelude {
  readonly code: string;
  readonly cache: Uint8Array | undefined;
}

const mebibyte = 1024 * 1024;
const memoryMebibytesMin = 8;
const probeMs = 50;
const tidyMsMax = 1_000;
/** Parsing this much takes about a millisecond of the cell's thread. */
const compileHereCharsMax = 64 * 1024;

const mainSpecifier = "solo:main";
const entrySource = `import * as exports from "${mainSpecifier}"; import { loaded } from "solo:entry"; loaded(exports);`;
const serviceSource =
  "const { Service, Refusal, SoloError, CallError } = globalThis.solo; export { Service, Refusal, SoloError, CallError };";
const loadedSource = "export const loaded = globalThis.solo;";

/**
 * V8's cached code for the prelude. Made after a guest has lived through the rehearsal, so that it holds what starting a
 * service and answering its first call compile: else each guest would compile that again.
 */
export async function makePreludeCache(code: string, rehearsal: Script): Promise<Uint8Array> {
  const guest = new IsolatedGuest(code, undefined, 64 * mebibyte);
  guest.attach({ push: () => 0, callNow: () => false, ask: () => undefined, lost: shout });
  const timeoutMs = 10_000;
  const trouble = await guest.load({ code: rehearsal.code, file: "rehearsal.ts", timeoutMs });
  const results = rehearsal.turns.map((given) => guest.turnInline(given, timeoutMs));
  const failed = [trouble, ...results].find((one) => typeof one === "object" && one !== null);
  if (failed !== undefined) throw new Error(`the rehearsal failed: ${JSON.stringify(failed)}`);
  const bytes = guest.cachedCode(code);
  guest.dispose();
  return bytes;
}

export function makeEngine(prelude: Prelude): Engine {
  const cache = prelude.cache === undefined ? undefined : new ivm.ExternalCopy(toArrayBuffer(prelude.cache));
  const engine = {
    cacheAccepted: cache !== undefined,
    makeGuest: (memoryBytesMax: number): Guest => {
      const guest = new IsolatedGuest(prelude.code, cache, memoryBytesMax);
      if (guest.cacheRejected) engine.cacheAccepted = false;
      return guest;
    },
  };
  return engine;
}

type Boot = (...callbacks: readonly unknown[]) => unknown;

/** Takes the prelude's one global, and what it gives for the cell's powers. */
function bootIn(
  context: ivm.Context,
  hear: (what: "push" | "call" | "ask", fields: readonly unknown[]) => unknown,
): ivm.Reference<object> {
  const boot = context.global.getSync("solo", { reference: true }) as ivm.Reference<Boot>;
  const pushNow = (...fields: readonly unknown[]): unknown => hear("push", fields);
  const pushLater = (...fields: readonly unknown[]): void => {
    hear("push", fields);
  };
  const callNow = (...fields: readonly unknown[]): unknown => hear("call", fields);
  const ask = (...fields: readonly unknown[]): unknown => hear("ask", fields);
  const booted = boot.applySync(
    undefined,
    [
      new ivm.Callback(pushNow, { sync: true }),
      new ivm.Callback(pushLater, { ignored: true }),
      new ivm.Callback(callNow, { sync: true }),
      new ivm.Callback(ask, { sync: true }),
    ],
    { result: { reference: true } },
  ) as unknown as ivm.Reference<object>;
  boot.release();
  return booted;
}

class IsolatedGuest implements Guest {
  readonly cacheRejected: boolean;
  readonly #isolate: ivm.Isolate;
  readonly #context: ivm.Context;
  readonly #turn: ivm.Reference<(...given: readonly Crossing[]) => number | string | null>;
  readonly #current: ivm.Reference<() => number>;
  readonly #tidy: ivm.Reference<() => void>;
  readonly #service: ivm.Module;
  readonly #loaded: ivm.Module;
  readonly #entry: ivm.Module;
  #ears: Ears | undefined;
  #disposed = false;
  #lost: string | undefined;

  constructor(code: string, cache: ivm.ExternalCopy<ArrayBuffer> | undefined, memoryBytesMax: number) {
    this.#isolate = new ivm.Isolate({
      memoryLimit: Math.max(memoryMebibytesMin, Math.floor(memoryBytesMax / mebibyte)),
      onCatastrophicError: (why) => {
        this.#lost = why;
        if (this.#ears === undefined) shout(why);
        else this.#ears.lost(why);
      },
    });
    const isolate = this.#isolate;
    this.#context = isolate.createContextSync();
    const context = this.#context;
    const script = isolate.compileScriptSync(code, {
      filename: "solo:prelude",
      ...(cache === undefined ? {} : { cachedData: cache }),
    });
    this.cacheRejected = (script as unknown as { readonly cachedDataRejected?: boolean }).cachedDataRejected === true;
    script.runSync(context);
    script.release();

    const booted = bootIn(context, (what, fields) => this.#hear(what, fields));
    const part = <T>(name: string): ivm.Reference<T> => booted.getSync(name as never, { reference: true });
    this.#turn = part("turn");
    this.#current = part("current");
    this.#tidy = part("tidy");
    // The modules take what they export from the global that the prelude left; then it goes.
    this.#service = this.#synthetic(part<object>("module"), serviceSource);
    this.#loaded = this.#synthetic(part<object>("loaded"), loadedSource);
    context.global.deleteSync("solo");
    this.#entry = isolate.compileModuleSync(entrySource, { filename: "solo:entry" });
    booted.release();
  }

  #synthetic(exports: ivm.Reference<object>, source: string): ivm.Module {
    this.#context.global.setSync("solo", exports.derefInto());
    const module = this.#isolate.compileModuleSync(source, { filename: "solo:service" });
    module.instantiateSync(this.#context, refuseImport);
    module.evaluateSync();
    exports.release();
    return module;
  }

  /** Of the prelude, with all of it that has been compiled by now. */
  cachedCode(prelude: string): Uint8Array {
    const script = this.#isolate.compileScriptSync(prelude, { filename: "solo:prelude", produceCachedData: true });
    const { cachedData } = script as unknown as { readonly cachedData?: ivm.ExternalCopy<ArrayBuffer> };
    return new Uint8Array(cachedData?.copy() ?? new ArrayBuffer(0));
  }

  attach(ears: Ears): void {
    this.#ears = ears;
  }

  #hear(what: "push" | "call" | "ask", fields: readonly unknown[]): unknown {
    const ears = this.#ears;
    if (ears === undefined || this.#disposed) return what === "push" ? 0 : false;
    try {
      if (what === "ask") return ears.ask(fields);
      if (what === "push") return ears.push(fields);
      return ears.callNow(fields[0], fields[1], fields[2], fields[3], fields[4], fields[5], fields[6]);
    } catch (bug) {
      // A bug of ours must end the cell, and not become an error that a guest can read and catch.
      setImmediate(() => {
        throw bug;
      });
      return what === "push" ? 0 : false;
    }
  }

  async load(module: {
    readonly code: string;
    readonly file: string;
    readonly timeoutMs: number;
  }): Promise<Fault | undefined> {
    const startedAt = performance.now();
    try {
      // Compiling and linking run no code of the tenant. What is small is done here and now: hops to a pool thread and back
      // would cost more.
      const options = { filename: module.file };
      const main =
        module.code.length <= compileHereCharsMax
          ? this.#isolate.compileModuleSync(module.code, options)
          : await this.#isolate.compileModule(module.code, options);
      const entry = this.#entry;
      entry.instantiateSync(this.#context, (specifier, referrer) => {
        if (referrer === entry && specifier === mainSpecifier) return main;
        if (referrer === entry && specifier === "solo:entry") return this.#loaded;
        if (specifier === "solo:service") return this.#service;
        return refuseImport(specifier);
      });
      await entry.evaluate({ timeout: module.timeoutMs });
      return undefined;
    } catch (error) {
      return this.#faultOf(error, startedAt, module.timeoutMs);
    }
  }

  turnInline(given: readonly Crossing[], timeoutMs: number): TurnResult {
    const startedAt = performance.now();
    try {
      return this.#turn.applySync(undefined, given as Crossing[], { timeout: timeoutMs });
    } catch (error) {
      return this.#faultOf(error, startedAt, timeoutMs);
    }
  }

  async turnThreaded(given: readonly Crossing[], timeoutMs: number): Promise<TurnResult> {
    const startedAt = performance.now();
    try {
      return await this.#turn.apply(undefined, given as Crossing[], { timeout: timeoutMs });
    } catch (error) {
      return this.#faultOf(error, startedAt, timeoutMs);
    }
  }

  /** A tenant may forge an error's message, so what can be known otherwise is. */
  #faultOf(error: unknown, startedAt: number, timeoutMs: number): Fault {
    const { name, message, stack } = error as Error;
    if (this.#lost !== undefined) return { fault: "lost", why: this.#lost };
    if (this.#disposed) return { fault: "disposed" };
    if (this.#isolate.isDisposed) return { fault: "memory" };
    const ranOut = performance.now() - startedAt >= timeoutMs - 2;
    const trace = typeof stack === "string" ? guestPart(stack) : "";
    if (ranOut && message === "Script execution timed out.") return { fault: "timeout", stack: trace };
    return { fault: "rejection", name: String(name), message: String(message), stack: trace };
  }

  async current(): Promise<number | undefined> {
    if (this.#disposed || this.#isolate.isDisposed || this.#lost !== undefined) return undefined;
    try {
      const number: unknown = await this.#current.apply(undefined, [], { timeout: probeMs });
      return typeof number === "number" ? number : undefined;
    } catch {
      return undefined;
    }
  }

  wallMicros(): number {
    return this.#isolate.isDisposed ? 0 : Number(this.#isolate.cpuTime / 1000n);
  }

  memoryNow(): number | undefined {
    if (this.#disposed || this.#isolate.isDisposed) return undefined;
    try {
      return memoryOf(this.#isolate.getHeapStatisticsSync());
    } catch {
      // Whoever enters one that was found past its limit after its last turn disposes of it.
      return undefined;
    }
  }

  async memory(): Promise<number | undefined> {
    if (this.#disposed || this.#isolate.isDisposed) return undefined;
    try {
      return memoryOf(await this.#isolate.getHeapStatistics());
    } catch {
      return undefined;
    }
  }

  async tidy(): Promise<void> {
    if (this.#disposed || this.#isolate.isDisposed || this.#lost !== undefined) return;
    // It has failed if the guest was disposed meanwhile, and there is nothing to tidy then.
    await this.#tidy.apply(undefined, [], { timeout: tidyMsMax }).catch(() => undefined);
  }

  dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    if (!this.#isolate.isDisposed) this.#isolate.dispose();
  }
}

const memoryOf = (heap: ivm.HeapStatistics): number => heap.used_heap_size + heap.externally_allocated_size;

function refuseImport(specifier: string): never {
  throw new Error(
    `cannot import "${specifier.slice(0, 200)}": a service imports "solo:service" and nothing else (bundle the rest into it)`,
  );
}

/** The part of a stack that is the guest's; below it are the cell's own frames. */
const guestPart = (stack: string): string => stack.split("\n    at (<isolated-vm boundary>)")[0] ?? "";

const toArrayBuffer = (bytes: Uint8Array): ArrayBuffer => {
  const copy = new ArrayBuffer(bytes.length);
  new Uint8Array(copy).set(bytes);
  return copy;
};

function shout(why: string): void {
  process.stderr.write(`cell: the engine lost an isolate that nobody owned: ${why}\n`);
}
