/**
 * Who is asked for next: artifacts first, since services wait for them; then each tenant in turn, so that one that asks a
 * thousand questions waits for its own. Questions about no tenant (the administrator's, the kernel's) have a lane as a
 * tenant has.
 */
import { limits, type Refusal, refuse } from "../base/index.ts";
import type { ToReader } from "./asks.ts";

export type Question = Exclude<ToReader, { readonly type: "interrupt" | "close" | "verify" }>;

export class ReaderLanes {
  /** Bounded by who asks: the store, once for each artifact at a time. */
  readonly #artifacts: Question[] = [];
  /** The lane whose turn it is comes first. */
  readonly #lanes = new Map<string, Question[]>();
  #waiting = 0;

  add(question: Question): Refusal | undefined {
    if (question.type === "artifact") return void this.#artifacts.push(question);
    const whose = question.ask.tenant ?? "";
    const lane = this.#lanes.get(whose) ?? [];
    const full = (limit: number): Refusal => refuse("OVERLOADED", { what: "The queue of the log's reader", limit });
    if (whose !== "" && lane.length >= limits.logReadsPerTenantMax) return full(limits.logReadsPerTenantMax);
    if (this.#waiting >= limits.logReadsMax) return full(limits.logReadsMax);
    lane.push(question);
    this.#lanes.set(whose, lane);
    this.#waiting += 1;
    return undefined;
  }

  take(): Question | undefined {
    const artifact = this.#artifacts.shift();
    if (artifact !== undefined) return artifact;
    for (const [whose, lane] of this.#lanes) {
      const question = lane.shift();
      this.#lanes.delete(whose);
      if (question === undefined) continue;
      if (lane.length > 0) this.#lanes.set(whose, lane);
      this.#waiting -= 1;
      return question;
    }
    return undefined;
  }

  clear(): void {
    this.#artifacts.length = 0;
    this.#lanes.clear();
    this.#waiting = 0;
  }
}
