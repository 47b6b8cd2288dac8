/**
 * A well-behaved service and who uses it: one call after the other, in two manners. What fails all the same counts against the
 * node, unless the service's own cell was killed a moment before.
 *
 *   raw     asked once; once more if it was not executed, or if no kernel answered: then under the same request_id, which runs
 *           nothing twice
 *   client  as the client library asks by itself, for as long as it does; once more if it was not executed
 */
import { randomUUID } from "node:crypto";
import { setTimeout as wait } from "node:timers/promises";
import { SoloError, type SoloClient } from "../../src/client/index.ts";
import type { Striker } from "../crash/blows.ts";
import type { Ledger } from "../crash/ledger.ts";
import type { Node } from "../crash/node.ts";
import { sources } from "../crash/sources.ts";

export const manners = ["raw", "client"] as const;
export type Manner = (typeof manners)[number];

const serviceId = "calm";
const callMs = 5_000;
const breathMs = 10;
/** Who is told when to ask again waits so long, and no longer. */
const askedToWaitMsMax = 1_000;
/** From the end of a cell to its services' running again, as far as its end excuses a failed call. */
const excusedMs = 5_000;

interface Failure {
  readonly what: string;
  readonly beganMs: number;
  readonly endedMs: number;
}

interface Tried {
  calls: number;
  /** Those that did not succeed at the first try. */
  again: number;
  readonly failures: Failure[];
}

export class Calm {
  readonly tenant: string;
  readonly tried: Readonly<Record<Manner, Tried>> = { raw: untried(), client: untried() };
  readonly #node: Node;

  constructor(node: Node, tenant: string) {
    this.#node = node;
    this.tenant = tenant;
  }

  async begin(): Promise<void> {
    await this.#node.addTenant(this.tenant);
    await this.#client.deploy({ serviceId, code: sources.counter(0) });
  }

  async run(stopped: () => boolean): Promise<void> {
    await Promise.all(manners.map((manner) => this.#callOn(manner, stopped)));
  }

  get #client(): SoloClient {
    return this.#node.client(this.tenant);
  }

  async #callOn(manner: Manner, stopped: () => boolean): Promise<void> {
    const tried = this.tried[manner];
    while (!stopped()) {
      const beganMs = performance.now();
      tried.calls += 1;
      const error = await this.#once(manner, tried);
      if (error !== undefined) {
        const why = error.code === "UNREACHABLE" ? `: ${error.message.slice(0, 100)}` : "";
        const what = `${error.code} (${error.executed ?? "unknown"}${why})`;
        tried.failures.push({ what, beganMs, endedMs: performance.now() });
      }
      await wait(breathMs);
    }
  }

  /** What the second try ended with, or the first if there must be no second. */
  async #once(manner: Manner, tried: Tried): Promise<SoloError | undefined> {
    const requestId = randomUUID();
    const sent = { monotonicMs: performance.now(), wallMs: Date.now() };
    const first = await this.#try(manner, { requestId });
    if (first === undefined) return undefined;
    tried.again += 1;
    if (first.executed === "not_executed") {
      await wait(Math.min(first.retryDelayMs, askedToWaitMsMax));
      return this.#try(manner, { requestId: randomUUID() });
    }
    if (manner === "client" || first.code !== "UNREACHABLE") return first;
    // Its age is measured once the connection is up that carries it.
    const up = await this.#client.ready(callMs).then(
      () => true,
      () => false,
    );
    if (!up) return first;
    const ageMs = Math.ceil(Math.max(performance.now() - sent.monotonicMs, Date.now() - sent.wallMs)) + 1;
    return this.#try(manner, { requestId, ageMs });
  }

  async #try(
    manner: Manner,
    mark: { readonly requestId: string; readonly ageMs?: number },
  ): Promise<SoloError | undefined> {
    try {
      await this.#client.call(
        { serviceId, method: "add", timeoutMs: callMs, ...mark },
        { timeoutMs: 2 * callMs, ...(manner === "raw" ? { retryForMs: 0 } : {}) },
      );
      return undefined;
    } catch (error) {
      if (error instanceof SoloError) return error;
      throw error;
    }
  }
}

/** In words: how many of the calls of one manner succeeded, and what became of the others. */
export function sayAvailability(manner: Manner, all: readonly Calm[], ledger: Ledger, striker: Striker): string {
  let [calls, again, excused] = [0, 0, 0];
  const lost = new Map<string, number>();
  const strokes = all.map(({ tenant }) => strokesAt(tenant, ledger, striker));
  for (const [i, { tried }] of all.entries()) {
    calls += tried[manner].calls;
    again += tried[manner].again;
    for (const { what, beganMs, endedMs } of tried[manner].failures) {
      const own = strokes[i]?.some((atMs) => endedMs >= atMs && beganMs <= atMs + excusedMs) === true;
      if (own) excused += 1;
      else {
        // One retry meets one end of a kernel; whoever met another with it has lost it to that.
        const ends = striker.kernelsStruckAt.filter((atMs) => atMs >= beganMs && atMs <= endedMs).length;
        const how = ends > 1 ? `${what} in which ${ends} kernels ended` : what;
        lost.set(how, (lost.get(how) ?? 0) + 1);
      }
    }
  }
  const judged = calls - excused;
  const failed = [...lost.values()].reduce((sum, count) => sum + count, 0);
  const percent = ((100 * (judged - failed)) / judged).toFixed(4);
  const why = [...lost].map(([what, count]) => `${what} ${count}`).join(", ");
  return (
    `availability, ${manner}: ${percent} % of ${judged} calls (${again} not at the first try); besides, ${excused} failed ` +
    `within ${excusedMs / 1_000} s of the end of their own cell, of which there were ${strokes.flat().length}` +
    (why === "" ? "" : `; lost: ${why}`)
  );
}

/** When cells were killed in which a tenant's service lived. */
const strokesAt = (tenant: string, ledger: Ledger, striker: Striker): readonly number[] =>
  [...new Set([...ledger.lives.values()].flatMap((life) => (life.tenant === tenant ? (life.cell ?? []) : [])))].flatMap(
    (cell) => striker.struckAt(cell) ?? [],
  );

const untried = (): Tried => ({ calls: 0, again: 0, failures: [] });
