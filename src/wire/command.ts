/**
 * How a cell's process is started: one place for init (which starts cells) and builder (which makes cached code that V8
 * accepts only under the same flags).
 */

/**
 * V8 and Node flags of every cell. Without --no-turboshaft-loop-unrolling some loops cannot be ended on Node 24–26
 * (`for(;;)[...Array(40)]`), so it is never left out. The permissions are what start-up needs; the cell drops them all
 * again before it takes tenant code.
 */
export const cellFlags: readonly string[] = [
  "--no-warnings",
  "--no-turboshaft-loop-unrolling",
  "--wasm-max-mem-pages=256",
  "--memory-pool-timeout=2",
  // Of the cell's own heap; else it keeps up to 32 MB more once it was busy.
  "--max-semi-space-size=4",
  // For the prelude, which takes it from its tenant: see `tidy` in the cell.
  "--expose-gc",
  "--permission",
  "--allow-addons",
  "--allow-ffi",
  "--allow-net",
];

/** File descriptors that init hands to a process it starts. */
export const descriptors = {
  /** cell, builder: their listening Unix socket, already listening. */
  listener: 3,
  /** cell: it writes a byte here at least every `heartbeatMs` while its event loop turns. */
  heartbeat: 4,
  /** cell: the memory of its flight record, if init has any. */
  flightRecord: 5,
  /** kernel: the listening gRPC socket (3 is the IPC channel). */
  grpc: 4,
} as const;

export const heartbeatMs = 250;

/** Files of a guest image: a folder made by the builder, read by cells. */
export const imageFiles = {
  /** The cell's own program, bundled, CommonJS. */
  cell: "cell.cjs",
  /** The native engine. */
  engine: "isolated_vm.node",
  /** The guest's prelude: a script evaluated in each isolate. */
  prelude: "prelude.js",
  /** V8's cached code for the prelude. */
  preludeCache: "prelude.cache",
  /** Scripts that an isolate evaluates only once it uses them: JSON, code by name. */
  parts: "parts.json",
} as const;

/** Beside the image where there is a jail: the filter of system calls with which the cell locks itself. */
export const lockFile = "lock.bpf";

/** Argument of a cell in a jail: it must lock itself before it hears a kernel, and its parent is not init. */
export const jailedArgument = "jailed";

/** In the lock's filter, stands for the process's own number, which only the process knows. No process has it. */
export const pidPlaceholder = 0x7fff_fff0;
