/**
 * A cell as the kernel meets it: it says welcome with what it holds, obeys the newest kernel alone, keeps its reports until
 * they are acknowledged, and says how each life ended. Its guests do what `Guests` draws for them.
 */
import {
  type CellLoss,
  type CellNumber,
  type Death,
  type IncarnationNumber,
  type KernelEpoch,
  never,
  type TenantId,
} from "../../base/index.ts";
import type { CellReport } from "../../wire/index.ts";
import type { Guests } from "./guests.ts";
import type { Life } from "./life.ts";
import type { CellEnd, Link, ToCell, ToKernel } from "./link.ts";
import type { Time } from "./time.ts";

type Order<T extends ToCell["type"]> = Extract<ToCell, { readonly type: T }>;
type Numbered = Extract<ToKernel, { readonly type: "report" }>;

export interface CellParts {
  readonly time: Time;
  readonly guests: Guests;
  /** Gives a life its tenant's beginning: a cell does not know of it. */
  readonly makeLife: (life: Omit<Life, "tenantSince">) => Life;
  readonly began: (life: Life) => void;
  readonly ended: (life: Life, death: Death) => void;
  /** A guest's turn brought the whole process down. */
  readonly abort: (cell: SimCell, by: IncarnationNumber) => void;
}

interface Guest {
  readonly life: Life;
  readonly limits: Order<"load">["limits"];
  cancel: () => void;
}

export class SimCell implements CellEnd {
  readonly number: CellNumber;
  readonly #parts: CellParts;
  readonly #guests = new Map<IncarnationNumber, Guest>();
  #tenant: TenantId | undefined;
  #reports: Numbered[] = [];
  #reported = 0;
  #epoch = 0 as KernelEpoch;
  #newest: Link | undefined;
  #links = new Set<Link>();
  #hung: { readonly link: Link; readonly message: ToCell }[] | undefined;
  #dead = false;

  constructor(number: CellNumber, parts: CellParts) {
    this.number = number;
    this.#parts = parts;
  }

  get lives(): readonly Life[] {
    return [...this.#guests.values()].map(({ life }) => life);
  }

  get reportsKept(): number {
    return this.#reports.length;
  }

  get holdsSomething(): boolean {
    return this.#guests.size > 0;
  }

  connect(link: Link): void {
    this.#links.add(link);
    if (this.#dead) link.cellDied();
  }

  receive(link: Link, message: ToCell): void {
    if (this.#dead) return;
    if (this.#hung !== undefined) {
      this.#hung.push({ link, message });
      return;
    }
    if (message.type === "hello") return this.#hello(link, message);
    if (link.epoch < this.#epoch) return link.tell({ type: "fenced", current: this.#epoch });
    switch (message.type) {
      case "adopt":
        this.#tenant ??= message.tenant;
        return;
      case "load":
        return this.#load(message);
      case "stop":
        return this.#stop(message);
      case "acknowledge":
        this.#reports = this.#reports.filter(({ number }) => number > message.report);
        return;
      default:
        return never(message);
    }
  }

  /** It burns its CPU and hears nothing any more, until init kills it. */
  hang(): void {
    this.#hung ??= [];
    for (const guest of this.#guests.values()) guest.cancel();
  }

  die(loss: CellLoss): void {
    if (this.#dead) return;
    this.#dead = true;
    for (const guest of this.#guests.values()) {
      guest.cancel();
      this.#bury(guest.life, { type: "cell_lost", loss, inFlight: "no" });
    }
    this.#guests.clear();
    for (const link of this.#links) link.cellDied();
  }

  #hello(link: Link, { epoch }: Order<"hello">): void {
    if (epoch < this.#epoch) return link.tell({ type: "fenced", current: this.#epoch });
    this.#epoch = epoch;
    this.#newest = link;
    const held = this.lives.map(({ service, instance, incarnation, phase }) => ({
      service,
      instance,
      incarnation,
      phase: phase === "ended" ? ("stopping" as const) : phase,
    }));
    // What ended while nobody heard it counts as held.
    const ended = this.#reports.flatMap(({ report }) => {
      if (report.type !== "ended") return [];
      const { service, instance, incarnation } = report;
      return [{ service, instance, incarnation, phase: "stopping" as const }];
    });
    link.tell({
      type: "welcome",
      ...(this.#tenant === undefined ? {} : { tenant: this.#tenant }),
      incarnations: [...held, ...ended],
    });
    for (const report of this.#reports) link.tell(report);
  }

  #load({ service, instance, incarnation, limits, probation }: Order<"load">): void {
    if (this.#tenant === undefined || this.#guests.has(incarnation)) return;
    const life = this.#parts.makeLife({
      tenant: this.#tenant,
      service,
      instance,
      incarnation,
      cell: this.number,
      phase: "starting",
      ran: false,
      death: undefined,
    });
    const guest: Guest = { life, limits, cancel: () => undefined };
    this.#guests.set(incarnation, guest);
    this.#parts.began(life);
    const fate = this.#parts.guests.start(life, limits, probation);
    guest.cancel = this.#parts.time.after(fate.afterMs, () => {
      switch (fate.type) {
        case "runs":
          life.phase = "running";
          life.ran = true;
          this.#report({ type: "started", ...placeOf(life), tookMs: fate.afterMs });
          return this.#run(guest);
        case "dies":
          return this.#end(guest, fate.death);
        case "aborts":
          return this.#parts.abort(this, incarnation);
        default:
          return never(fate);
      }
    });
  }

  #run(guest: Guest): void {
    const fate = this.#parts.guests.run(guest.life, guest.limits);
    if (fate === undefined) return;
    guest.cancel = this.#parts.time.after(fate.afterMs, () => {
      // Faults have stopped since: it goes on running.
      if (this.#parts.guests.calm) return;
      if (fate.type === "dies") this.#end(guest, fate.death);
      else this.#parts.abort(this, guest.life.incarnation);
    });
  }

  #stop({ incarnation, death, graceMs }: Order<"stop">): void {
    const guest = this.#guests.get(incarnation);
    if (guest === undefined) return;
    const { life } = guest;
    if (graceMs === 0 || life.phase === "starting") {
      guest.cancel();
      return this.#end(guest, death);
    }
    if (life.phase === "stopping") return;
    life.phase = "stopping";
    guest.cancel();
    const takesMs = this.#parts.guests.terminate(life);
    const late = takesMs > graceMs;
    guest.cancel = this.#parts.time.after(late ? graceMs : takesMs, () =>
      this.#end(guest, late ? { type: "shutdown_timeout", limitMs: graceMs } : death),
    );
  }

  #end(guest: Guest, death: Death): void {
    const { life } = guest;
    this.#guests.delete(life.incarnation);
    const { ran } = life;
    this.#bury(life, death);
    this.#report({ type: "ended", ...placeOf(life), death, started: ran });
  }

  #bury(life: Life, death: Death): void {
    life.phase = "ended";
    life.death = death;
    this.#parts.ended(life, death);
  }

  #report(report: CellReport): void {
    const numbered: Numbered = { type: "report", number: ++this.#reported, report };
    this.#reports.push(numbered);
    this.#newest?.tell(numbered);
  }
}

const placeOf = ({ service, instance, incarnation }: Life) => ({ service, instance, incarnation });
