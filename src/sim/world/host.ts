/**
 * The kernel's side of the cells: what the host does, reduced to what decides. It places incarnations in the tenant's cell,
 * turns reports and exits into inputs, and acknowledges what is durable.
 */
import {
  type CellLoss,
  cellNumber,
  type CellNumber,
  type Death,
  type IncarnationNumber,
  type KernelEpoch,
  limits,
  type ServiceId,
  type TenantId,
} from "../../base/index.ts";
import type { Effect, Found, Input, Release, Resident, Survivor, Unplaced } from "../../kernel/index.ts";
import type { SimCell } from "./cell.ts";
import { type KernelEnd, Link, type LinkParts, type ToCell, type ToKernel } from "./link.ts";
import type { Machine } from "./machine.ts";
import type { Time } from "./time.ts";

type Start = Extract<Effect, { readonly type: "start" }>;
type Stop = Extract<Effect, { readonly type: "stop" }>;
type Tier = Release["tier"];
type Welcome = Extract<ToKernel, { readonly type: "welcome" }>;
type NodeStopped = Extract<Input, { readonly type: "node_stopped" }>;
type Report = Extract<ToKernel, { readonly type: "report" }>;

interface Held {
  readonly service: ServiceId;
  readonly incarnation: IncarnationNumber;
  phase: "placed" | "starting" | "running" | "stopping";
}

class HostCell {
  readonly number: CellNumber;
  readonly held = new Map<IncarnationNumber, Held>();
  readonly opened = Promise.withResolvers<Link | undefined>();
  readonly gone = Promise.withResolvers<void>();
  readonly welcomed = Promise.withResolvers<Welcome | undefined>();
  tenant: TenantId | undefined;
  phase: "spawning" | "greeting" | "open" | "lost" = "spawning";
  link: Link | undefined;
  emptySinceMs = 0;
  tier: Tier = "user";
  /** `found`: an earlier kernel's, not heard yet. `late`: the kernel has taken over without having heard it. */
  origin: "made" | "found" | "late" = "made";
  /** How its process ended, while the last of what it said is still being read. */
  ended: CellLoss | undefined;
  #handled: Promise<void> = Promise.resolve();

  constructor(number: CellNumber) {
    this.number = number;
  }

  inOrder(step: () => Promise<void>): void {
    this.#handled = this.#handled.then(step);
  }
}

interface Sought {
  readonly tenant: TenantId;
  readonly incarnation: IncarnationNumber;
  readonly cells: Set<HostCell>;
  order: Order | undefined;
}

type Order = Extract<ToCell, { readonly type: "stop" }>;

export interface HostParts {
  readonly epoch: KernelEpoch;
  readonly warmCells: number;
  readonly time: Time;
  readonly machine: Machine;
  readonly link: LinkParts;
  /** Hands an input to the kernel; resolves when its events are durable, never if the kernel dies first. */
  readonly submit: (input: Input) => Promise<void>;
  /** A seam at which the kernel may die. False: it did, or has before. */
  readonly goOn: (point: string) => boolean;
  readonly alive: () => boolean;
  readonly heardEnd: (tenant: TenantId, incarnation: IncarnationNumber) => void;
  /** What a cell holds, as the state knows it. */
  readonly residents: (cell: CellNumber) => readonly Resident[];
  /** The living of which the state does not know the cell. */
  readonly unplaced: () => readonly Unplaced[];
  readonly releaseOf: (tenant: TenantId, service: ServiceId) => Release | undefined;
  /** How long it takes to find a stack's lines. */
  readonly traceMs: () => number;
  readonly fail: (error: unknown) => void;
}

const greetingMsMax = 3_000;
/** A kernel that comes back waits so long for the cells that it finds. */
const adoptionMsMax = 150;
/** What an ended cell said last is read for so long. */
const lastWordsMsMax = 250;
const emptyMsMax = 60_000;
const lingerMsMax = 1_000;
const cutOff: Death = { type: "cell_lost", loss: { type: "closed" }, inFlight: "no" };

export class Host {
  readonly #parts: HostParts;
  readonly #cells = new Map<CellNumber, HostCell>();
  readonly #byTenant = new Map<TenantId, Set<HostCell>>();
  readonly #placed = new Map<string, HostCell>();
  readonly #booted = Promise.withResolvers<void>();
  /** While cells are adopted: the ends of those that had not been heard yet. */
  #unheard: { readonly cell: CellNumber; readonly loss: CellLoss }[] | undefined;
  /** Incarnations that may be in cells which have not answered; and what they are to be told then. */
  readonly #sought = new Map<string, Sought>();
  #spawned = 0;
  #warming = false;
  #shuttingDown = false;
  /** During a shutdown: what did not end as it was asked to. */
  readonly #misfits: { readonly tenant: TenantId; readonly incarnation: IncarnationNumber; readonly death: Death }[] =
    [];
  #emptied: () => void = () => undefined;

  constructor(parts: HostParts) {
    this.#parts = parts;
  }

  /**
   * Connects to the cells that an earlier kernel left, and tells what they hold. One that is busy is believed to hold what the
   * log says, and joins when it answers.
   */
  async adopt(living: readonly SimCell[]): Promise<Pick<Found, "survivors" | "exits">> {
    const cells = living.map((process) => {
      const cell = new HostCell(process.number);
      cell.origin = "found";
      this.#cells.set(cell.number, cell);
      this.#greet(cell, process);
      return cell;
    });
    const exits: { readonly cell: CellNumber; readonly loss: CellLoss }[] = [];
    this.#unheard = exits;
    await Promise.race([
      Promise.all(cells.map(({ welcomed }) => welcomed.promise)),
      this.#parts.time.pause(adoptionMsMax),
    ]);
    this.#unheard = undefined;
    const late = cells.filter(({ phase }) => phase === "greeting");
    for (const cell of late) this.#believe(cell);
    const survivors = cells.flatMap((cell) =>
      [...cell.held.values()].flatMap(({ service, incarnation, phase }): Survivor[] =>
        cell.tenant === undefined || phase === "placed"
          ? []
          : [{ tenant: cell.tenant, service, incarnation, cell: cell.number, phase }],
      ),
    );
    return { survivors: [...survivors, ...this.#seek(late)], exits };
  }

  /** What starts or stops may be in a cell that has not answered: until all that might hold it have, it counts as alive. */
  #seek(late: readonly HostCell[]): readonly Survivor[] {
    if (late.length === 0) return [];
    return this.#parts.unplaced().flatMap(({ tenant, service, incarnation, phase }): Survivor[] => {
      const key = keyOf({ tenant, incarnation });
      if (this.#placed.has(key)) return [];
      const cells = new Set(late.filter((cell) => cell.tenant === undefined || cell.tenant === tenant));
      const [first] = cells;
      if (first === undefined) return [];
      this.#sought.set(key, { tenant, incarnation, cells, order: undefined });
      return [{ tenant, service, incarnation, cell: first.number, phase }];
    });
  }

  /** It has said what it holds, or has ended. What none of the late ones holds is missing. */
  #foundIn(cell: HostCell): void {
    for (const [key, { tenant, incarnation, cells }] of this.#sought) {
      if (!cells.delete(cell) || cells.size > 0) continue;
      this.#sought.delete(key);
      this.#booted.promise.then(() => this.#submit({ type: "missing", tenant, incarnation })).catch(this.#parts.fail);
    }
  }

  #believe(cell: HostCell): void {
    cell.origin = "late";
    const residents = this.#parts.residents(cell.number);
    const [first] = residents;
    if (first === undefined) return;
    this.#give(cell, first.tenant, this.#tierOf(first.tenant, residents));
    for (const { tenant, service, incarnation } of residents) {
      cell.held.set(incarnation, { service, incarnation, phase: "running" });
      this.#placed.set(keyOf({ tenant, incarnation }), cell);
    }
  }

  #give(cell: HostCell, tenant: TenantId, tier: Tier): void {
    cell.tenant = tenant;
    cell.tier = tier;
    const own = this.#byTenant.get(tenant) ?? new Set();
    this.#byTenant.set(tenant, own.add(cell));
  }

  #tierOf(tenant: TenantId, held: readonly { readonly service: ServiceId }[]): Tier {
    return held.some(({ service }) => this.#parts.releaseOf(tenant, service)?.tier === "system") ? "system" : "user";
  }

  /** The kernel has taken `booted`: reports may flow. */
  begin(): void {
    this.#warming = true;
    this.#booted.resolve();
    this.#keepWarm();
    this.#sweep();
  }

  start(effect: Start): void {
    const key = keyOf(effect);
    if (this.#placed.has(key) || this.#shuttingDown) return;
    const cell = this.#cellFor(effect.tenant, effect.release.tier);
    const held: Held = { service: effect.service, incarnation: effect.incarnation, phase: "placed" };
    cell.held.set(effect.incarnation, held);
    this.#placed.set(key, cell);
    this.#load(cell, held, effect).catch(this.#parts.fail);
  }

  async #load(
    cell: HostCell,
    held: Held,
    { release, service, instance, incarnation, probation }: Start,
  ): Promise<void> {
    const link = await cell.opened.promise;
    if (!this.#parts.alive()) return;
    if (cell.held.get(incarnation) !== held || held.phase !== "placed" || link === undefined) return;
    held.phase = "starting";
    link.send({
      type: "load",
      service,
      instance,
      incarnation,
      release: release.id,
      limits: release.limits,
      environment: {},
      logLevel: release.logLevel,
      probation,
    });
  }

  stop({ tenant, incarnation, death, graceMs }: Stop): void {
    const key = keyOf({ tenant, incarnation });
    const order: Order = { type: "stop", incarnation, death, graceMs };
    const sought = this.#sought.get(key);
    if (sought !== undefined) {
      sought.order = order;
      return;
    }
    const cell = this.#placed.get(key);
    const held = cell?.held.get(incarnation);
    if (cell === undefined || held === undefined) {
      return this.#submit({ type: "ended", tenant, incarnation, death, started: false });
    }
    if (held.phase === "placed") {
      this.#forget(cell, tenant, held);
      return this.#submit({ type: "ended", tenant, incarnation, death, started: false });
    }
    held.phase = "stopping";
    if (cell.phase === "open") return cell.link?.send(order);
    cell.opened.promise.then((link) => link?.send(order), this.#parts.fail);
  }

  /** Ends everything, newest first; nothing is reported to the kernel from now on. */
  async shutDown(withinMs: number): Promise<Pick<NodeStopped, "outcome" | "misfits">> {
    this.#shuttingDown = true;
    this.#booted.resolve();
    const all = [...this.#cells.values()].flatMap((cell) => [...cell.held.values()].map((held) => ({ cell, held })));
    for (const { cell, held } of all.toSorted((a, b) => b.held.incarnation - a.held.incarnation)) {
      if (cell.phase !== "open" || held.phase === "placed") {
        cell.held.delete(held.incarnation);
        continue;
      }
      held.phase = "stopping";
      const death: Death = { type: "stopped", why: "shutdown" };
      cell.link?.send({ type: "stop", incarnation: held.incarnation, death, graceMs: withinMs });
    }
    return new Promise((resolve) => {
      const cancel = this.#parts.time.after(withinMs, () => {
        for (const { tenant, held } of this.#cells.values()) {
          for (const { incarnation } of held.values())
            if (tenant !== undefined) this.#misfit(tenant, incarnation, cutOff);
        }
        resolve({ outcome: "deadline", misfits: this.#misfits });
      });
      this.#emptied = () => {
        if ([...this.#cells.values()].some((cell) => cell.held.size > 0)) return;
        cancel();
        resolve({ outcome: this.#misfits.length > 0 ? "deadline" : "clean", misfits: this.#misfits });
      };
      this.#emptied();
    });
  }

  /** Closes the cells of a tenant that is gone; resolves when they have ended, those too that had not said whose they are. */
  async retire(tenant: TenantId): Promise<void> {
    const late = [...this.#cells.values()].filter(({ origin, phase }) => origin === "late" && phase === "greeting");
    await Promise.all(late.map(({ welcomed }) => welcomed.promise));
    if (!this.#parts.alive()) return;
    const own = [...(this.#byTenant.get(tenant) ?? [])];
    for (const { number } of own) this.#parts.machine.kill(number, { type: "closed" });
    await Promise.all(own.map(({ gone }) => gone.promise));
  }

  spawned(process: SimCell): void {
    const cell = this.#cells.get(process.number);
    if (cell?.phase === "spawning") this.#greet(cell, process);
  }

  exited(number: CellNumber, loss: CellLoss): void {
    const cell = this.#cells.get(number);
    if (cell === undefined) return this.#parts.machine.acknowledge(number);
    if (cell.phase !== "open" || cell.link?.isClosed === true) return this.#lose(cell, loss);
    cell.ended = loss;
    this.#parts.time.after(lastWordsMsMax, () => {
      if (this.#parts.alive()) this.#lose(cell, loss);
    });
  }

  kernelDied(): void {
    for (const cell of this.#cells.values()) cell.link?.kernelDied();
  }

  /** An input that does not come from our cells. */
  hear(input: Input): void {
    this.#submit(input);
  }

  #cellFor(tenant: TenantId, tier: Tier): HostCell {
    for (const cell of this.#byTenant.get(tenant) ?? []) {
      if (cell.tier === tier && cell.phase !== "lost" && cell.held.size < limits.isolatesPerCellMax) return cell;
    }
    const warm = this.#warm();
    const cell = warm.find(({ phase }) => phase === "open") ?? warm[0] ?? this.#spawn();
    this.#give(cell, tenant, tier);
    if (cell.phase === "open") cell.link?.send({ type: "adopt", tenant });
    this.#keepWarm();
    return cell;
  }

  #warm(): readonly HostCell[] {
    return [...this.#cells.values()].filter(
      ({ tenant, phase, origin }) =>
        tenant === undefined && (phase === "open" || (phase !== "lost" && origin === "made")),
    );
  }

  #keepWarm(): void {
    if (!this.#warming || this.#shuttingDown || !this.#parts.alive()) return;
    for (let warm = this.#warm().length; warm < this.#parts.warmCells; warm++) this.#spawn();
  }

  #spawn(): HostCell {
    const cell = new HostCell(cellNumber(this.#parts.epoch * 1_000_000 + ++this.#spawned));
    this.#cells.set(cell.number, cell);
    this.#parts.machine.spawn(cell.number);
    return cell;
  }

  #sweep(): void {
    if (!this.#parts.alive() || this.#shuttingDown) return;
    const { nowMs } = this.#parts.time;
    for (const cell of this.#cells.values()) {
      if (cell.tenant === undefined || cell.held.size > 0 || cell.phase !== "open") continue;
      if (nowMs - cell.emptySinceMs < emptyMsMax) continue;
      this.#parts.machine.kill(cell.number, { type: "closed" });
      this.#lose(cell, { type: "closed" });
    }
    this.#parts.time.after(5_000, () => this.#sweep());
  }

  #greet(cell: HostCell, process: SimCell): void {
    const { time, machine } = this.#parts;
    const cancel = time.after(greetingMsMax, () => {
      if (!this.#parts.alive()) return;
      machine.kill(cell.number, { type: "protocol", problem: `no welcome within ${greetingMsMax} ms` });
    });
    const end: KernelEnd = {
      receive: (message) => {
        switch (message.type) {
          case "welcome":
            cancel();
            return this.#welcome(cell, link, message);
          case "report":
            if (message.report.type === "ended" && cell.tenant !== undefined)
              this.#parts.heardEnd(cell.tenant, message.report.incarnation);
            return cell.inOrder(() => this.#report(cell, link, message).catch(this.#parts.fail));
          case "fenced":
            return;
        }
      },
      closed: () => {
        cancel();
        if (cell.phase === "lost") return;
        if (cell.ended !== undefined) return this.#lose(cell, cell.ended);
        time.after(lingerMsMax, () => {
          if (cell.phase === "lost" || !this.#parts.alive()) return;
          machine.kill(cell.number, { type: "protocol", problem: "it closed its connection" });
        });
      },
    };
    const link: Link = new Link(this.#parts.epoch, this.#parts.link, { cell: process, kernel: end });
    process.connect(link);
    cell.phase = "greeting";
    cell.link = link;
    link.send({ type: "hello", epoch: this.#parts.epoch, cell: cell.number });
  }

  #welcome(cell: HostCell, link: Link, welcome: Welcome): void {
    if (cell.phase !== "greeting") return;
    const { tenant, incarnations } = welcome;
    if (tenant !== undefined) {
      this.#give(cell, tenant, this.#tierOf(tenant, incarnations));
      for (const found of incarnations) this.#meet(cell, tenant, found, link);
    }
    this.#foundIn(cell);
    cell.phase = "open";
    cell.welcomed.resolve(welcome);
    cell.opened.resolve(link);
    if (welcome.tenant === undefined && cell.tenant !== undefined) link.send({ type: "adopt", tenant: cell.tenant });
  }

  /** An incarnation that lives in a cell of an earlier kernel. */
  #meet(
    cell: HostCell,
    tenant: TenantId,
    { service, incarnation, phase }: Welcome["incarnations"][number],
    link: Link,
  ): void {
    if (cell.held.has(incarnation)) return;
    const key = keyOf({ tenant, incarnation });
    const sought = this.#sought.get(key);
    this.#sought.delete(key);
    if (sought === undefined && cell.origin === "late") {
      // The kernel believes it dead, and may have started its successor.
      return link.send({ type: "stop", incarnation, death: { type: "stopped", why: "replaced" }, graceMs: 0 });
    }
    const order = sought?.order;
    cell.held.set(incarnation, { service, incarnation, phase: order === undefined ? phase : "stopping" });
    this.#placed.set(key, cell);
    if (order !== undefined) link.send(order);
  }

  async #report(cell: HostCell, link: Link, { number, report }: Report): Promise<void> {
    await this.#booted.promise;
    const { tenant } = cell;
    const held = cell.held.get(report.incarnation);
    const acknowledge = (): void => {
      if (this.#parts.goOn("before acknowledging a report")) link.send({ type: "acknowledge", report: number });
    };
    if (tenant === undefined) return;
    if (held === undefined) return acknowledge();
    const { incarnation } = held;
    if (report.type === "started") {
      if (held.phase !== "stopping") held.phase = "running";
      const { tookMs } = report;
      return this.#submit({ type: "started", tenant, incarnation, cell: cell.number, tookMs }, acknowledge);
    }
    if (report.death.type === "crashed") await this.#parts.time.pause(this.#parts.traceMs());
    const { death } = report;
    if (death.type !== "stopped" || death.why !== "shutdown") this.#misfit(tenant, incarnation, death);
    this.#forget(cell, tenant, held);
    this.#submit({ type: "ended", tenant, incarnation, death, started: report.started }, acknowledge);
  }

  #misfit(tenant: TenantId, incarnation: IncarnationNumber, death: Death): void {
    if (this.#shuttingDown) this.#misfits.push({ tenant, incarnation, death });
  }

  #forget(cell: HostCell, tenant: TenantId, held: Held): void {
    cell.held.delete(held.incarnation);
    this.#placed.delete(keyOf({ tenant, incarnation: held.incarnation }));
    if (cell.held.size === 0) cell.emptySinceMs = this.#parts.time.nowMs;
    this.#emptied();
  }

  #lose(cell: HostCell, loss: CellLoss): void {
    if (cell.phase === "lost") return;
    const unheard = cell.phase === "greeting" ? this.#unheard : undefined;
    cell.phase = "lost";
    cell.welcomed.resolve(undefined);
    cell.opened.resolve(undefined);
    cell.gone.resolve();
    cell.link?.kernelDied();
    this.#foundIn(cell);
    if (unheard !== undefined) {
      this.#cells.delete(cell.number);
      unheard.push({ cell: cell.number, loss });
      return;
    }
    cell.inOrder(async () => {
      await this.#booted.promise;
      this.#lost(cell, loss);
    });
    this.#keepWarm();
  }

  #lost(cell: HostCell, loss: CellLoss): void {
    const { tenant } = cell;
    const held = [...cell.held.values()];
    for (const { incarnation } of held) {
      if (tenant !== undefined) this.#misfit(tenant, incarnation, { type: "cell_lost", loss, inFlight: "yes" });
    }
    const suspects = held.filter((one) => one.phase === "starting");
    const victims = held.map((one) => ({
      incarnation: one.incarnation,
      inFlight: suspects.length === 0 ? true : suspects.includes(one),
    }));
    if (tenant !== undefined) for (const one of held) this.#forget(cell, tenant, one);
    this.#cells.delete(cell.number);
    if (tenant !== undefined) {
      const own = this.#byTenant.get(tenant);
      own?.delete(cell);
      if (own?.size === 0) this.#byTenant.delete(tenant);
    }
    const acknowledge = (): void => {
      if (this.#parts.goOn("before acknowledging an exit")) this.#parts.machine.acknowledge(cell.number);
    };
    if (loss.type === "closed" && victims.length === 0) return acknowledge();
    const whose = tenant === undefined ? {} : { tenant };
    this.#submit({ type: "cell_lost", cell: cell.number, loss, victims, ...whose }, acknowledge);
  }

  #submit(input: Input, durable?: () => void): void {
    if (this.#shuttingDown || !this.#parts.alive()) return;
    this.#parts.submit(input).then(durable, this.#parts.fail);
  }
}

const keyOf = (at: { readonly tenant: TenantId; readonly incarnation: IncarnationNumber }): string =>
  `${at.tenant}/${at.incarnation}`;
