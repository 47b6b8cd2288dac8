/**
 * The kernel's connection to one cell. Greets it, hands its messages on, and answers for it when it is gone: every call
 * under way ends with an outcome, whatever happens to the cell.
 *
 *   greeting ── welcome ──▶ open ──▶ closed
 *
 * Owns its channel and its table of calls under way.
 */
import { type CellNumber, type IncarnationNumber, type KernelEpoch, limits } from "../base/index.ts";
import {
  type CallFailure,
  type CallMark,
  type CellToKernel,
  cellToKernelShape,
  type KernelToCell,
  type Slots,
  type Usage,
} from "../wire/index.ts";
import { type Channel, type Closed, Pipe, type PipeListener } from "./pipe.ts";

export type Welcome = Extract<CellToKernel, { readonly type: "welcome" }>;
export type CellMessage = Exclude<CellToKernel, { readonly type: "welcome" | "outcome" | "inspected" | "fenced" }>;

export type Answer =
  | { readonly result: Uint8Array; readonly slots?: Slots | undefined }
  | { readonly failure: CallFailure };

export interface CellLinkListener {
  readonly onWelcome: (welcome: Welcome) => void;
  readonly onMessage: (message: CellMessage, body: Uint8Array) => void;
  readonly onClosed: (closed: Closed) => void;
}

/** Opens the way to the cell that listens there. */
export type Connect = (socket: string, listener: PipeListener<CellToKernel>) => Channel<KernelToCell>;

interface CallUnderWay {
  readonly incarnation: IncarnationNumber;
  readonly settle: (answer: Answer) => void;
  readonly timer: NodeJS.Timeout;
}

/** A cell that is at work reads later; until then it is sent no more than this of what clients and services have to say. */
const unreadBytesMax = 32 * 1024 * 1024;

/** The cell answers by its own clock; this is only for a cell that does not. */
const answerSlackMs = 500;
/** After its link closed, a cell's end has this long to be told, so that its callers hear of it. */
const concludeMsMax = 700;

/** What goes on to another cell comes with a header that may be longer: no body may be so large that it would not fit then. */
export const connectToCell: Connect = (socket, listener) =>
  new Pipe<KernelToCell, CellToKernel>(socket, cellToKernelShape, listener, { bodyBytesMax: limits.payloadBytesMax });

export class CellLink implements Disposable {
  readonly #channel: Channel<KernelToCell>;
  readonly #listener: CellLinkListener;
  readonly #calls = new Map<number, CallUnderWay>();
  readonly #inspections = new Map<number, (usages: ReadonlyMap<IncarnationNumber, Usage>) => void>();
  readonly #busy = new Map<IncarnationNumber, number>();
  #lastId = 0;
  #conclusion: NodeJS.Timeout | undefined;

  constructor(
    at: { readonly socket: string; readonly cell: CellNumber; readonly epoch: KernelEpoch },
    listener: CellLinkListener,
    connect: Connect = connectToCell,
  ) {
    this.#listener = listener;
    this.#channel = connect(at.socket, {
      onMessage: (message, body) => this.#take(message, body),
      onClosed: (closed) => this.#end(closed),
    });
    this.#channel.send({ type: "hello", epoch: at.epoch, cell: at.cell });
  }

  /** Messages wait for it already; what else there is to deliver is better refused. */
  get isChoked(): boolean {
    return this.#channel.unreadBytes > unreadBytesMax;
  }

  /** Resolves when the cell has taken what it was sent, or the link is closed. */
  get drained(): Promise<void> {
    return this.#channel.drained;
  }

  send(message: KernelToCell, body?: Uint8Array): boolean {
    return this.#channel.send(message, body);
  }

  /** Settles exactly once: by the cell's outcome, by the time limit, or by the end of the link. */
  call(
    at: {
      readonly incarnation: IncarnationNumber;
      readonly method: string;
      readonly from: string;
      readonly slots?: Slots;
      readonly request?: CallMark;
    },
    args: Uint8Array,
    timeoutMs: number,
    chain: readonly IncarnationNumber[],
    settle: (answer: Answer) => void,
  ): void {
    const id = ++this.#lastId;
    const sent = this.#channel.send({ ...at, type: "call", id, timeoutMs, chain }, args);
    if (!sent) {
      return settle({ failure: { code: "CALL_LOST", executed: "not_executed", message: "its cell is gone" } });
    }
    const timer = setTimeout(
      () => this.#settle(id, { failure: { code: "CALL_TIMEOUT", executed: "unknown", message: `${timeoutMs}` } }),
      timeoutMs + answerSlackMs,
    );
    this.#calls.set(id, { incarnation: at.incarnation, settle, timer });
    this.#busy.set(at.incarnation, (this.#busy.get(at.incarnation) ?? 0) + 1);
  }

  /** Uses of the named incarnations, or of all of the cell; empty if it does not say within `withinMs`. */
  inspect(
    withinMs: number,
    incarnations?: readonly IncarnationNumber[],
  ): Promise<ReadonlyMap<IncarnationNumber, Usage>> {
    const id = ++this.#lastId;
    return new Promise((resolve) => {
      const timer = setTimeout(() => settle(new Map()), withinMs);
      const settle = (usages: ReadonlyMap<IncarnationNumber, Usage>): void => {
        clearTimeout(timer);
        this.#inspections.delete(id);
        resolve(usages);
      };
      this.#inspections.set(id, settle);
      const named = incarnations === undefined ? {} : { incarnations };
      if (!this.#channel.send({ type: "inspect", id, ...named })) settle(new Map());
    });
  }

  /** Incarnations that this kernel has a call under way to. */
  get busy(): ReadonlySet<IncarnationNumber> {
    return new Set(this.#busy.keys());
  }

  get isClosed(): boolean {
    return this.#channel.isClosed;
  }

  /** No answer will come any more, for this reason: whoever waits for one is told. */
  conclude(why: string): void {
    clearTimeout(this.#conclusion);
    for (const id of this.#calls.keys()) {
      this.#settle(id, { failure: { code: "CALL_LOST", executed: "unknown", message: why } });
    }
  }

  [Symbol.dispose](): void {
    this.#channel[Symbol.dispose]();
    this.conclude("its cell was lost");
  }

  #take(message: CellToKernel, body: Uint8Array): void {
    switch (message.type) {
      case "welcome":
        return this.#listener.onWelcome(message);
      case "outcome":
        return this.#settle(
          message.id,
          message.failure === undefined ? { result: body, slots: message.slots } : { failure: message.failure },
        );
      case "inspected":
        return this.#inspections.get(message.id)?.(new Map(message.usages.map((use) => [use.incarnation, use.usage])));
      case "fenced":
        // A newer kernel has the cell. The link closes next; this kernel is on its way out.
        return;
      default:
        return this.#listener.onMessage(message, body);
    }
  }

  #settle(id: number, answer: Answer): void {
    const call = this.#calls.get(id);
    if (call === undefined) return;
    this.#calls.delete(id);
    clearTimeout(call.timer);
    const left = (this.#busy.get(call.incarnation) ?? 1) - 1;
    if (left === 0) this.#busy.delete(call.incarnation);
    else this.#busy.set(call.incarnation, left);
    call.settle(answer);
  }

  #end(closed: Closed): void {
    // Told first, while `busy` still names them.
    this.#listener.onClosed(closed);
    for (const settle of this.#inspections.values()) settle(new Map());
    // Who waits for an answer waits a little longer to learn how the cell ended.
    if (this.#calls.size > 0) this.#conclusion = setTimeout(() => this.conclude("its cell was lost"), concludeMsMax);
  }
}
