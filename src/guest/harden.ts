/**
 * Takes from a fresh isolate what no limit covers: shared memory and waiting on it, memory that the engine does not count
 * (resizable and transferable buffers, WebAssembly), and finalizers, which the engine would run outside of any timeout.
 */
const globals = ["SharedArrayBuffer", "Atomics", "WebAssembly", "FinalizationRegistry"] as const;
const bufferMethods = ["resize", "transfer", "transferToFixedLength", "transferToImmutable"] as const;

/** Collects all garbage of the isolate, and gives its pages back. Two milliseconds for a small heap. */
type Collect = (how: object) => void;

/** Taken from the isolate before its tenant could see it. */
export function takeCollector(): () => void {
  const collect = Reflect.get(globalThis, "gc") as Collect | undefined;
  // The engine lets nobody delete it.
  Reflect.set(globalThis, "gc", undefined);
  // Without a prototype: the engine reads options that are not there, too.
  const how = Object.freeze({ __proto__: null, type: "major", flavor: "last-resort" });
  return () => collect?.(how);
}

export function harden(): void {
  for (const name of globals) Reflect.deleteProperty(globalThis, name);
  for (const name of bufferMethods) Reflect.deleteProperty(ArrayBuffer.prototype, name);
  // `new ArrayBuffer(1, { maxByteLength })` reserves memory even without `resize`.
  const Plain = ArrayBuffer;
  const Fixed = new Proxy(Plain, {
    construct: (target, args: readonly unknown[], newTarget) =>
      Reflect.construct(target, args.length === 0 ? [0] : [args[0]], newTarget) as ArrayBuffer,
  });
  Object.defineProperty(globalThis, "ArrayBuffer", { value: Fixed, writable: true, configurable: true });
  Object.defineProperty(Plain.prototype, "constructor", { value: Fixed, writable: true, configurable: true });
}
