/**
 * The end of the node, in order and within a deadline. init orders it, for a signal or because a client asked.
 *
 *   serving ── ordered ──▶ draining ──▶ ending ──▶ recording ──▶ closing ──▶ the process leaves
 *
 * Who asked is answered before the gateways close: with the services it is over for them.
 */
import { refuse } from "../base/index.ts";
import type { GrpcServer, Ports } from "../gateways/index.ts";
import type { Cells, Router } from "../host/index.ts";
import type { Settling } from "../kernel/index.ts";
import { after } from "./timer.ts";

/** How it went, as whoever asked for it is told. */
type Stopped = Awaited<ReturnType<Ports["node"]["shutdown"]>>;
/** How the services ended. */
export type Ended = Awaited<ReturnType<Cells["shutDown"]>>;

export interface ShutdownPowers {
  /** Monotonic milliseconds. */
  readonly nowMs: () => number;
  /** Has init order it, as if it had got a signal. */
  readonly order: (why: string, deadlineMs: number) => void;
  /** Undefined while the kernel does not listen yet. */
  readonly gateway: () => Pick<GrpcServer, "refuseNew" | "close"> | undefined;
  readonly router: Pick<Router, "underWay" | "end">;
  readonly settling: Pick<Settling, "end">;
  readonly cells: Pick<Cells, "shutDown">;
  /** Resolves when it is durable that the node has stopped, and how. */
  readonly record: (how: Ended) => Promise<void>;
  /** Closes all parts of the kernel, tells init, and ends the process. */
  readonly close: (outcome: Stopped["outcome"]) => Promise<void>;
}

type Phase =
  | "serving"
  /** Nothing new is taken in; calls under way may finish. */
  | "draining"
  /** Whoever waits has been told; the services say goodbye. */
  | "ending"
  /** Nothing runs any more. */
  | "recording"
  /** Whoever asked has been told. */
  | "closing";

/** Calls under way when the node is told to end have this long to finish; then whoever waits is told. */
const drainMsMax = 800;

export class Shutdown {
  readonly #powers: ShutdownPowers;
  /** Those who asked for it. */
  readonly #asked: ((how: Stopped) => void)[] = [];
  #phase: Phase = "serving";

  constructor(powers: ShutdownPowers) {
    this.#powers = powers;
  }

  /** It has begun; it is never over. */
  get isUnderWay(): boolean {
    return this.#phase !== "serving";
  }

  /** A client asks for it; resolves when the services have ended. */
  request(why: string, deadlineMs: number): Promise<Stopped> {
    const asked = Promise.withResolvers<Stopped>();
    this.#asked.push(asked.resolve);
    this.#powers.order(why, deadlineMs);
    return asked.promise;
  }

  /** Ends everything in order, within the deadline; then tells init. Called again, the first one goes on. */
  async run(deadlineMs: number): Promise<void> {
    if (this.isUnderWay) return;
    const { forServicesMs, drainMs, gatewayMs } = budgetOf(deadlineMs);
    const { gateway, router, settling, cells, nowMs, record, close } = this.#powers;
    const began = nowMs();
    this.#phase = "draining";
    gateway()?.refuseNew();
    await this.#quiet(drainMs);
    this.#phase = "ending";
    router.end();
    settling.end(refuse("SHUTTING_DOWN"));
    const how = await cells.shutDown(Math.max(0, forServicesMs - (nowMs() - began)));
    this.#phase = "recording";
    await record(how);
    const { outcome } = how;
    const stopped: Stopped = { tookMs: nowMs() - began, outcome };
    for (const told of this.#asked) told(stopped);
    this.#phase = "closing";
    await gateway()?.close({ graceMs: gatewayMs });
    await close(outcome);
  }

  /** Resolves when no call is under way, or after `withinMs`. */
  #quiet(withinMs: number): Promise<void> {
    const { nowMs, router } = this.#powers;
    const until = nowMs() + withinMs;
    return new Promise((resolve) => {
      const look = (): void => {
        if (router.underWay === 0 || nowMs() >= until) return resolve();
        after(10, look);
      };
      look();
    });
  }
}

/** A fifth is kept: half of it for closing the gateways, half for the log. */
function budgetOf(deadlineMs: number): {
  readonly forServicesMs: number;
  /** Of what the services have. */
  readonly drainMs: number;
  readonly gatewayMs: number;
} {
  const forServicesMs = deadlineMs * 0.8;
  return {
    forServicesMs,
    drainMs: Math.min(drainMsMax, forServicesMs / 2),
    gatewayMs: Math.min(1_000, Math.max(100, deadlineMs / 10)),
  };
}
