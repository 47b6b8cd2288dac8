// crasher: a service that fails, and its supervisor. An error that leaves a method ends this life of the service; the
// caller learns why, the log keeps the reason with the line of this file, and the supervisor starts it afresh. After more
// than 3 restarts within 30 seconds (unless deployed otherwise) it rests for a while instead of burning the machine.
//
//   solo deploy examples/crasher.ts
//   solo call crasher work              → {"done": 1, "pid": "<0.1.1>"}
//   solo call crasher crash '"oops"'    → the error, with the line below that threw it
//   solo call crasher work              → {"done": 1, "pid": "<0.1.2>"}   a new life, with a new state
//   solo status crasher                 → how it died, and when
import { Service } from "solo:service";

export default class Crasher extends Service<{ done: number }> {
  init() {
    this.log.info("a new life begins:", this.pid);
    return { done: 0 };
  }

  work(): { done: number; pid: string } {
    this.state.done += 1;
    return { done: this.state.done, pid: this.pid };
  }

  crash(why = "asked to"): never {
    throw deepTrouble(why);
  }

  /** Fails when nobody waits for an answer: only its supervisor and the log hear of it. */
  crashLater(ms = 10): void {
    this.after(ms, "crash");
  }

  onMessage(message: unknown): void {
    if (message === "crash") throw deepTrouble("a timer said so");
  }

  /** Never answers: the limit on CPU time ends it. */
  spin(): never {
    for (;;) {
      // Nothing else gets a turn in this service; others are not disturbed.
    }
  }
}

function deepTrouble(why: string): Error {
  return new Error(`crashed on purpose: ${why}`);
}
