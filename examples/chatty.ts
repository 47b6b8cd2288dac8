// chatty: a service that logs by itself, on a timer, at every level, and takes its settings from its environment.
//
//   solo deploy examples/chatty.ts --env EVERY_MS=200 --env NAME=Ada
//   solo logs chatty -f
//   solo logs chatty --level warn
//   solo watch chatty
import { Service } from "solo:service";

export default class Chatty extends Service<{ ticks: number }> {
  init() {
    // Environment values are strings, as everywhere.
    const everyMs = Number(this.env["EVERY_MS"] ?? 1_000);
    // A timer is a message to oneself: it waits in the mailbox like any other.
    this.every(everyMs, "tick");
    this.log.info(`${this.env["NAME"] ?? "chatty"} speaks every ${everyMs} ms`);
    return { ticks: 0 };
  }

  onMessage(message: unknown): void {
    if (message !== "tick") return this.log.warn("what is this?", message);
    const { ticks } = this.state;
    this.state.ticks += 1;
    this.log.debug("tick", ticks);
    if (ticks % 5 === 1) this.log.info("still here, after", ticks, "ticks");
    if (ticks % 7 === 2) this.log.warn("careful, that was tick", ticks);
    if (ticks % 11 === 3) this.log.error("loud, for no reason:", { ticks, pid: this.pid });
  }

  ticks(): number {
    return this.state.ticks;
  }

  // Before an orderly end (solo kill, a shutdown, an update), not after a crash.
  terminate(reason: string): void {
    this.log.info("goodbye:", reason);
  }
}
