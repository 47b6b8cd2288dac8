/**
 * A cell as the kernel process sees it: a process that init started, a link to it, and what was placed in it.
 *
 *   spawning ── spawned ──▶ greeting ── welcome ──▶ open ──▶ lost
 *       └──────────────────────┴────────────────────────────▲
 */
import {
  limits,
  type CellLoss,
  type CellNumber,
  type IncarnationNumber,
  type ServiceId,
  type TenantId,
} from "../base/index.ts";
import type { Release } from "../kernel/index.ts";
import type { RecordedTurn } from "../wire/index.ts";
import type { CellLink, Welcome } from "./cell-link.ts";
import type { LogGate } from "./log-gate.ts";
import { Turnstile } from "./turnstile.ts";

export type Tier = Release["tier"];

export type CellPhase =
  | { readonly name: "spawning" }
  | { readonly name: "greeting"; readonly link: CellLink }
  | { readonly name: "open"; readonly link: CellLink }
  | { readonly name: "lost" };

/** An incarnation that was placed in a cell. */
export interface Held {
  readonly service: ServiceId;
  readonly instance: number;
  readonly incarnation: IncarnationNumber;
  /** Unknown for incarnations that an earlier kernel placed, until the state was asked. */
  readonly release: Release | undefined;
  /** Told so; of one that an earlier kernel placed: perhaps. */
  throttled?: boolean;
  /** `placed`: chosen this cell, code not sent yet. */
  phase: "placed" | "starting" | "running" | "stopping";
}

/** A cell ends itself over the second thread that does not come back. */
const buriedKeptMax = 100;

/** Each incarnation starts and ends once; twice that for those that ended while no kernel listened. */
const reportsWaitingMax = 4 * limits.isolatesPerCellMax;

/** Loads that are prepared for a cell at once, with all their code in memory. */
const loadsPreparedMax = 8;

export class Cell {
  readonly number: CellNumber;
  readonly held = new Map<IncarnationNumber, Held>();
  tenant: TenantId | undefined;
  /** Of all services in it. */
  tier: Tier = "user";
  /** It is near the end of what a process may have: nothing more is placed in it for now. */
  sealed = false;
  /** The `cpu_shares` of all that it holds. */
  cpuShares = 0;
  /** What it weighs on the processor, as init was told by this kernel. */
  cpuWeight: number | undefined;
  /** Whose it is, and of which tier, as init remembers it from an earlier kernel. */
  assigned: { readonly tenant: TenantId; readonly tier: Tier | undefined } | undefined;
  /** Of the process that init started: the cell's own, or its jail's. */
  osPid: number | undefined;
  phase: CellPhase = { name: "spawning" };
  /** Who had a call under way when its link closed; its end is told later, when nobody is any more. */
  suspects: ReadonlySet<IncarnationNumber> | undefined;
  /** How its process ended, while the last of what it said is still being read. */
  ended: CellLoss | undefined;
  /** What its flight record says: the turns that were under way at its end. */
  turns: readonly RecordedTurn[] | undefined;
  /** Incarnations that ended in it, newest last; bounded. */
  readonly #buried = new Set<IncarnationNumber>();
  /** When it last became empty, in ms of the monotonic clock. */
  emptySinceMs = 0;
  /** `found`: an earlier kernel's, not heard yet. `late`: the kernel has taken over without having heard it. */
  origin: "made" | "found" | "late" = "made";
  /** By incarnation, of those that logged. */
  readonly logGates = new Map<IncarnationNumber, LogGate>();
  readonly loads = new Turnstile(loadsPreparedMax);
  /** Reports and the loss of the cell are handled one after the other; how many wait for that. */
  #waiting = 0;
  #handled: Promise<void> = Promise.resolve();
  readonly #opened = Promise.withResolvers<CellLink | undefined>();
  readonly #welcomed = Promise.withResolvers<Welcome | undefined>();
  readonly #gone = Promise.withResolvers<void>();

  constructor(number: CellNumber) {
    this.number = number;
  }

  /** Its link once it is open; undefined if it was lost before. */
  get opened(): Promise<CellLink | undefined> {
    return this.#opened.promise;
  }

  get welcomed(): Promise<Welcome | undefined> {
    return this.#welcomed.promise;
  }

  /** Resolves when it has ended. */
  get gone(): Promise<void> {
    return this.#gone.promise;
  }

  /** It ended here, and a thread of it may run on. */
  bury(incarnation: IncarnationNumber): void {
    this.#buried.add(incarnation);
    const [oldest] = this.#buried.size > buriedKeptMax ? this.#buried : [];
    if (oldest !== undefined) this.#buried.delete(oldest);
  }

  get buried(): ReadonlySet<IncarnationNumber> {
    return this.#buried;
  }

  /** It says more than all that it ever held had to say. */
  get isFlooding(): boolean {
    return this.#waiting >= reportsWaitingMax;
  }

  open(link: CellLink, welcome: Welcome): void {
    this.phase = { name: "open", link };
    this.#welcomed.resolve(welcome);
    this.#opened.resolve(link);
  }

  lose(): void {
    this.phase = { name: "lost" };
    this.#welcomed.resolve(undefined);
    this.#opened.resolve(undefined);
    this.#gone.resolve();
  }

  /** Runs `step` after all earlier ones. Steps handle their own failures; one that throws is a bug and ends the kernel. */
  inOrder(step: () => Promise<void>): void {
    this.#waiting++;
    this.#handled = this.#handled.then(step).then(() => void this.#waiting--);
  }
}
