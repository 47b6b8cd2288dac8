/**
 * A well-behaved service and who uses it: one call after the other, as any client calls, and each tried once more if it says
 * that it was not executed. What fails all the same counts against the node, unless the service's own cell was killed.
 */
import { setTimeout as wait } from "node:timers/promises";
import { SoloError } from "../../src/client/index.ts";
import type { Node } from "../crash/node.ts";
import { sources } from "../crash/sources.ts";

const callMs = 5_000;
const breathMs = 10;

export interface Failure {
  /** The life that was last heard of. */
  readonly pid: string;
  readonly tenant: string;
  readonly what: string;
}

export class Calm {
  readonly tenant: string;
  readonly failures: Failure[] = [];
  calls = 0;
  retried = 0;
  readonly #node: Node;
  #pid = "";

  constructor(node: Node, tenant: string) {
    this.#node = node;
    this.tenant = tenant;
  }

  async begin(): Promise<void> {
    await this.#node.addTenant(this.tenant);
    const deployed = await this.#node.client(this.tenant).deploy({ serviceId: "calm", code: sources.counter(0) });
    this.#pid = deployed.pid;
  }

  async run(stopped: () => boolean): Promise<void> {
    while (!stopped()) {
      await this.#once();
      await wait(breathMs);
    }
  }

  async #once(): Promise<void> {
    this.calls += 1;
    const before = this.#pid;
    const first = await this.#try();
    if (first === undefined) return;
    this.retried += 1;
    const last = first.executed === "not_executed" ? await this.#try() : first;
    if (last === undefined) return;
    this.failures.push({ pid: before, tenant: this.tenant, what: `${last.code} (${last.executed ?? "unknown"})` });
  }

  async #try(): Promise<SoloError | undefined> {
    try {
      const { result } = await this.#node
        .client(this.tenant)
        .call({ serviceId: "calm", method: "add", timeoutMs: callMs }, { timeoutMs: 2 * callMs });
      this.#pid = (JSON.parse(Buffer.from(result).toString()) as { readonly pid: string }).pid;
      return undefined;
    } catch (error) {
      if (error instanceof SoloError) return error;
      throw error;
    }
  }
}
