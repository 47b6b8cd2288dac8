/**
 * The System level of the supervision tree: the parts of the kernel process that can be started again in place, so that a
 * fault in one (a disk that cannot be measured, say) is not the end of all. The log and the decider are not among them: a
 * bug there ends the process. Nor is the gateway, whose descriptor is init's: the next kernel takes it over.
 *
 * A part that fails is stopped with all that were started after it, right to left, and they are started again, left to
 * right. Too often, and the System gives up: the process ends, and init starts the next kernel.
 */
import { type Refusal, insist, isRefusal, say, supervise, type SupervisorSpec } from "../base/index.ts";

/** A part that runs. Stopping it frees all that it holds; it does not fail. */
export interface RunningPart {
  readonly stop: () => Promise<void>;
}

export interface Part {
  readonly name: string;
  /** `failed` may be called at any time until it is stopped; a refusal or a rejection is a failure too. */
  readonly start: (failed: (why: string) => void) => Promise<RunningPart | Refusal>;
}

export interface SystemPowers {
  readonly parts: readonly Part[];
  readonly now: () => number;
  /** Calls back after `ms`; returns how to stop it. */
  readonly after: (ms: number, then: () => void) => () => void;
  readonly note: (text: string) => void;
  /** The System has given up. */
  readonly giveUp: (why: string) => void;
}

export const systemSupervision: SupervisorSpec = {
  strategy: "rest_for_one",
  intensity: { restartsMax: 5, withinMs: 10_000 },
  backoff: { firstMs: 0, factor: 2, waitMsMax: 1_000 },
};

export class System {
  readonly #powers: SystemPowers;
  readonly #running = new Map<string, RunningPart>();
  #restarts: readonly number[] = [];
  #closed = false;
  /** Starts, stops and restarts happen one after the other. */
  #settled: Promise<void> = Promise.resolve();

  constructor(powers: SystemPowers) {
    this.#powers = powers;
  }

  /** Starts all parts, left to right. The first refusal is given back, and nothing is left running. */
  async start(): Promise<Refusal | undefined> {
    for (const part of this.#powers.parts) {
      const running = await part.start((why) => this.#failed(part, why));
      if (isRefusal(running)) {
        await this.stop();
        return running;
      }
      this.#running.set(part.name, running);
    }
    return undefined;
  }

  /** Stops all parts, right to left. */
  async stop(): Promise<void> {
    this.#closed = true;
    await this.#settled;
    await this.#stopAll(this.#powers.parts.map(({ name }) => name).toReversed());
  }

  #failed(part: Part, why: string): void {
    if (this.#closed) return;
    const { parts, now, note, giveUp, after } = this.#powers;
    const children = parts.map(({ name }) => ({ id: name, restart: "permanent" as const }));
    const exit = { child: part.name, kind: "abnormal" as const };
    const decision = supervise(systemSupervision, children, this.#restarts, exit, now());
    note(`${part.name} failed: ${why}`);
    insist(decision.type !== "ignore", "a permanent part is always restarted");
    if (decision.type === "escalate") {
      this.#closed = true;
      return giveUp(`${part.name} keeps failing: ${why}`);
    }
    this.#restarts = decision.restarts;
    const restart = async (): Promise<void> => {
      await this.#stopAll([...decision.stop, part.name]);
      for (const name of decision.start) await this.#startAgain(name);
    };
    this.#settled = this.#settled.then(
      () => new Promise((resolve) => after(decision.delayMs, () => void restart().then(resolve))),
    );
  }

  async #startAgain(name: string): Promise<void> {
    const part = this.#powers.parts.find((one) => one.name === name);
    if (part === undefined || this.#closed) return;
    try {
      const running = await part.start((why) => this.#failed(part, why));
      if (isRefusal(running)) this.#failed(part, say(running));
      else this.#running.set(name, running);
    } catch (error) {
      this.#failed(part, error instanceof Error ? error.message : String(error));
    }
  }

  async #stopAll(names: readonly string[]): Promise<void> {
    for (const name of names) {
      const running = this.#running.get(name);
      this.#running.delete(name);
      await running?.stop();
    }
  }
}
