/**
 * The end of Solo, in order and in time.
 *
 *   asking ── the kernel ends every service, closes the log, says `stopped` ──▶ parting ── it exits ──▶ killing ──▶ done
 *      │                                                                           └─ not in time ──▶ ▲
 *      └── the kernel ended without a word, or the deadline passed ────────────────────────────────────┘
 *
 * Killing: whatever is left gets SIGKILL. A second signal (Ctrl-C again) makes the deadline now.
 */
import { never } from "../base/index.ts";

export interface ShutdownPowers {
  readonly askKernel: (why: string, deadlineMs: number) => void;
  readonly isKernelUp: () => boolean;
  readonly killAll: () => void;
  readonly isAllGone: () => boolean;
  readonly shout: (text: string) => void;
  readonly onDone: () => void;
}

type Phase =
  | { readonly name: "asking"; readonly timer: NodeJS.Timeout }
  | { readonly name: "parting"; readonly timer: NodeJS.Timeout }
  | { readonly name: "killing"; readonly timer: NodeJS.Timeout }
  | { readonly name: "done" };

/** For a kernel that said `stopped`, or that was told to hurry, to end by itself. */
const partingMsMax = 1_000;
/** For killed processes to be gone. */
const killingMsMax = 2_000;
const lookEveryMs = 5;

export class Shutdown {
  readonly #powers: ShutdownPowers;
  readonly #why: string;
  #phase: Phase;

  constructor(why: string, deadlineMs: number, powers: ShutdownPowers) {
    this.#why = why;
    this.#powers = powers;
    if (deadlineMs === 0 || !powers.isKernelUp()) {
      this.#phase = { name: "done" };
      this.#kill();
      return;
    }
    // The kernel's own deadline comes earlier, so that it can still say that it missed something.
    const marginMs = Math.min(2_000, Math.ceil(deadlineMs / 4));
    this.#phase = { name: "asking", timer: setTimeout(() => this.#overrun(), deadlineMs) };
    powers.askKernel(why, deadlineMs - marginMs);
  }

  /** Asked for again: what is not done within a moment is cut off. */
  hasten(): void {
    if (this.#phase.name !== "asking") return;
    clearTimeout(this.#phase.timer);
    this.#phase = { name: "asking", timer: setTimeout(() => this.#overrun(), partingMsMax) };
    this.#powers.askKernel(this.#why, 0);
  }

  /** The kernel said that all services ended and the log is closed. */
  onStopped(outcome: "clean" | "deadline"): void {
    if (this.#phase.name !== "asking") return;
    clearTimeout(this.#phase.timer);
    if (outcome === "deadline") this.#powers.shout("some services did not end in time and were cut off");
    this.#phase = { name: "parting", timer: setTimeout(() => this.#kill(), partingMsMax) };
  }

  onKernelEnded(): void {
    switch (this.#phase.name) {
      case "asking":
        this.#powers.shout("the kernel ended before it had stopped every service; the rest is cut off");
        return this.#kill();
      case "parting":
        return this.#kill();
      case "killing":
      case "done":
        return undefined;
      default:
        return never(this.#phase);
    }
  }

  #overrun(): void {
    this.#powers.shout("the shutdown took too long; what is left is cut off");
    this.#kill();
  }

  #kill(): void {
    if (this.#phase.name !== "done") clearTimeout(this.#phase.timer);
    this.#powers.killAll();
    const giveUpAt = performance.now() + killingMsMax;
    const timer = setInterval(() => {
      if (!this.#powers.isAllGone() && performance.now() < giveUpAt) return;
      clearInterval(timer);
      this.#phase = { name: "done" };
      this.#powers.onDone();
    }, lookEveryMs);
    this.#phase = { name: "killing", timer };
  }
}
