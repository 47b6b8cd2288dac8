/**
 * Takes from a fresh isolate what no limit covers: shared memory and waiting on it, memory that the engine does not count
 * (resizable and transferable buffers, WebAssembly), and finalizers, which the engine would run outside of any timeout.
 */
const globals = ["SharedArrayBuffer", "Atomics", "WebAssembly", "FinalizationRegistry"] as const;
const bufferMethods = ["resize", "transfer", "transferToFixedLength", "transferToImmutable"] as const;

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
