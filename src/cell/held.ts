/** What waits for a kernel to connect: frames and log lines, both bounded. Services keep running meanwhile. */
import type { CellToKernel } from "../wire/index.ts";
import type { Call } from "./call.ts";

export const framesHeldMax = 1_000;
const bytesHeldMax = 8 * 1024 * 1024;
const logsHeldMax = 1_000;
/** What a reference weighs, at most. */
const slotBytes = 192;

export interface HeldFrame {
  readonly header: CellToKernel;
  readonly body: Uint8Array;
  readonly call?: Call;
}

export class Held {
  #frames: HeldFrame[] = [];
  #bytes = 0;
  #logs: CellToKernel[] = [];
  #logsDropped = 0;

  /** False: there is no room. */
  add(frame: HeldFrame): boolean {
    const bytes = sizeOf(frame);
    if (this.#frames.length >= framesHeldMax || this.#bytes + bytes > bytesHeldMax) {
      // Calls that were given up meanwhile need no room.
      this.#frames = this.#frames.filter(({ call }) => call?.open !== false);
      this.#bytes = this.#frames.reduce((sum, one) => sum + sizeOf(one), 0);
      if (this.#frames.length >= framesHeldMax || this.#bytes + bytes > bytesHeldMax) return false;
    }
    this.#frames.push(frame);
    this.#bytes += bytes;
    return true;
  }

  /** Keeps the newest lines; what they push out is counted in the next that is added. */
  addLog(header: CellToKernel & { readonly type: "log" }): void {
    this.#logs.push({ ...header, dropped: header.dropped + this.#logsDropped });
    this.#logsDropped = 0;
    if (this.#logs.length <= logsHeldMax) return;
    const out = this.#logs.shift();
    this.#logsDropped += 1 + (out?.type === "log" ? out.dropped : 0);
  }

  /** Everything, oldest first; nothing is held afterwards. */
  drain(): { readonly frames: readonly HeldFrame[]; readonly logs: readonly CellToKernel[] } {
    const drained = { frames: this.#frames, logs: this.#logs };
    this.#frames = [];
    this.#logs = [];
    this.#bytes = 0;
    return drained;
  }
}

const sizeOf = ({ header, body }: HeldFrame): number =>
  body.length + ("slots" in header ? (header.slots?.length ?? 0) * slotBytes : 0);
