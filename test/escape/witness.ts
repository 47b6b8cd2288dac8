/** Somebody of another tenant, who calls a service of their own all the time while others are attacked. */
import assert from "node:assert/strict";
import { setTimeout as wait } from "node:timers/promises";
import type { SoloClient } from "../../src/client/index.ts";
import { until } from "../e2e/solo.ts";

/** Between two calls of the witness. */
const breathMs = 20;
const patienceMs = 20_000;
/** Nobody waits longer for an answer, whatever another tenant does; on a machine that is busy with all of these attacks. */
const waitMsMax = 5_000;

export interface Peace {
  readonly calls: number;
  readonly worstMs: number;
}

export class Witness {
  readonly #client: SoloClient;
  #calls = 0;
  #worstMs = 0;
  /** Since it began; `#worstMs` since it was last asked. */
  #worstOfAllMs = 0;
  #stopped = false;
  #trouble: string | undefined;
  readonly #working: Promise<void>;

  constructor(client: SoloClient) {
    this.#client = client;
    this.#working = this.#work();
  }

  async #work(): Promise<void> {
    while (!this.#stopped) {
      const began = performance.now();
      try {
        const { result } = await this.#client.call(
          { serviceId: "steady", method: "add", timeoutMs: patienceMs },
          { timeoutMs: 2 * patienceMs, retryForMs: 0 },
        );
        this.#calls += 1;
        const count: unknown = JSON.parse(Buffer.from(result).toString());
        if (count !== this.#calls) this.#trouble ??= `call ${this.#calls} was answered with ${String(count)}`;
      } catch (error) {
        this.#trouble ??= `a call failed: ${String(error)}`;
      }
      this.#worstMs = Math.max(this.#worstMs, performance.now() - began);
      this.#worstOfAllMs = Math.max(this.#worstOfAllMs, this.#worstMs);
      await wait(breathMs);
    }
  }

  /** Every call so far was answered, each after the other by the same life. */
  insistPeace(): Peace {
    assert.equal(this.#trouble, undefined, "the other tenant works in peace");
    const peace = { calls: this.#calls, worstMs: Math.round(this.#worstMs) };
    assert.ok(peace.worstMs < waitMsMax, `the other tenant waited ${peace.worstMs} ms for an answer`);
    this.#worstMs = 0;
    return peace;
  }

  /** Resolves after one more answer: what happened until now did not end it. */
  async nextAnswer(): Promise<void> {
    const before = this.#calls;
    await until("an answer to the other tenant", () => this.#calls > before || this.#trouble !== undefined);
  }

  get worstMs(): number {
    return Math.round(this.#worstOfAllMs);
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#working;
  }
}
