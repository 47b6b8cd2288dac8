/**
 * The engine: what the cell needs of whatever runs guests. One guest is one isolate with the prelude evaluated; nothing
 * but strings and numbers crosses its boundary. `isolated-vm.ts` is the engine we have.
 */

/** Something ended the turn, and with it the guest's life: nothing of it may run again. */
export type Fault =
  | { readonly fault: "timeout"; readonly stack: string }
  | { readonly fault: "memory" }
  /** A promise was rejected and nobody handled it. */
  | { readonly fault: "rejection"; readonly name: string; readonly message: string; readonly stack: string }
  /** It was disposed by the cell while it ran. */
  | { readonly fault: "disposed" }
  /** The engine lost control of it; its thread may be gone for good. */
  | { readonly fault: "lost"; readonly why: string };

/** As `turn` in wire/guest.ts says. */
export type TurnResult = number | string | null | Fault;

export type Crossing = string | number | undefined;

/** What a guest may do to its cell. None of these throws. */
export interface Ears {
  /** Operations of the guest's outbox. Returns how many messages were refused. */
  readonly push: (fields: readonly unknown[]) => number;
  readonly callNow: (
    call: unknown,
    cause: unknown,
    service: unknown,
    method: unknown,
    args: unknown,
    timeoutMs: unknown,
    slots: unknown,
  ) => string | null | false;
  /** What the guest is told before it goes on; undefined: a question that has no answer. */
  readonly ask: (fields: readonly unknown[]) => string | undefined;
  /** The engine lost control of the guest. May come at any time, even when no turn is under way. */
  readonly lost: (why: string) => void;
}

export interface Guest {
  /** Gives a guest of the warm pool its owner. Until then it hears nothing. */
  readonly attach: (ears: Ears) => void;
  /** Compiles the tenant's module and runs its top level in a pool thread. */
  readonly load: (module: {
    readonly code: string;
    readonly file: string;
    readonly timeoutMs: number;
  }) => Promise<Fault | undefined>;
  /** On the cell's own thread. Never while a threaded turn is under way: it would block the cell for as long. */
  readonly turnInline: (given: readonly Crossing[], timeoutMs: number) => TurnResult;
  /** In a pool thread. */
  readonly turnThreaded: (given: readonly Crossing[], timeoutMs: number) => Promise<TurnResult>;
  /** Number of the mail that was being handled when a turn was cut off; undefined if it cannot be learnt. */
  readonly current: () => Promise<number | undefined>;
  /** Microseconds that its turns took so far: wall time, in which their thread may have lost its core. */
  readonly wallMicros: () => number;
  /** What its heap holds; only while no threaded turn is under way. Undefined: it was past its limit, and has ended by that. */
  readonly memoryNow: () => number | undefined;
  /** The same, waiting for a threaded turn if there is one. Undefined if it ended meanwhile. */
  readonly memory: () => Promise<number | undefined>;
  /** Makes its heap as small as it can be, in a pool thread. For a guest that rests: what it had compiled may be dropped. */
  readonly tidy: () => Promise<void>;
  readonly dispose: () => void;
}

export interface Engine {
  /** Whether V8 took the cached code of the prelude; if not, each guest costs more. */
  readonly cacheAccepted: boolean;
  /** About 2 ms on the cell's thread. */
  readonly makeGuest: (memoryBytesMax: number) => Guest;
}
