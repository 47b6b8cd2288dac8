// counter: a service with state. It keeps a number between calls; one message is handled at a time, so nothing else can
// come between reading the number and changing it.
//
//   solo deploy examples/counter.ts
//   solo call counter add 2      → 2
//   solo call counter add 40     → 42
//   solo call counter add nine   → refused, and the counter lives on
import { Refusal, Service } from "solo:service";

export default class Counter extends Service<{ count: number }> {
  // What init returns is the first state. It runs again whenever a crash makes the service start afresh.
  init() {
    return { count: 0 };
  }

  // Public methods are what clients and other services may call.
  add(n = 1): number {
    // Arguments come from outside. A Refusal is a "no" to the caller; any other error would end this life of the service.
    if (!Number.isSafeInteger(n)) throw new Refusal("add takes a whole number");
    return (this.state.count += n);
  }

  get(): number {
    return this.state.count;
  }

  reset(): void {
    this.log.info("reset from", this.state.count);
    this.state.count = 0;
  }
}
