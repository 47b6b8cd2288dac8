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
import type { Effect, Found, Input, Survivor } from "../../kernel/index.ts";
import type { SimCell } from "./cell.ts";
import { type KernelEnd, Link, type LinkParts, type ToKernel } from "./link.ts";
import type { Machine } from "./machine.ts";
import type { Time } from "./time.ts";

type Start = Extract<Effect, { readonly type: "start" }>;
type Stop = Extract<Effect, { readonly type: "stop" }>;
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
  readonly welcomed = Promise.withResolvers<Welcome | undefined>();
  tenant: TenantId | undefined;
  phase: "spawning" | "greeting" | "open" | "lost" = "spawning";
  link: Link | undefined;
  emptySinceMs = 0;
  /** It ended before it could say what it held: its loss is told with the take-over. */
  unheard = false;
  #handled: Promise<void> = Promise.resolve();

  constructor(number: CellNumber) {
    this.number = number;
  }

  inOrder(step: () => Promise<void>): void {
    this.#handled = this.#handled.then(step);
  }
}

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
  /** How long it takes to find a stack's lines. */
  readonly traceMs: () => number;
  readonly fail: (error: unknown) => void;
}

const greetingMsMax = 3_000;
const emptyMsMax = 60_000;
const lingerMsMax = 1_000;
const cutOff: Death = { type: "cell_lost", loss: { type: "closed" }, inFlight: "no" };

export class Host {
  readonly #parts: HostParts;
  readonly #cells = new Map<CellNumber, HostCell>();
  readonly #byTenant = new Map<TenantId, Set<HostCell>>();
  readonly #placed = new Map<string, HostCell>();
  readonly #booted = Promise.withResolvers<void>();
  /** Cells that ended before they could say what they held. */
  readonly #unheard: { readonly cell: CellNumber; readonly loss: CellLoss }[] = [];
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

  /** Connects to the cells that an earlier kernel left, and tells what they hold. */
  async adopt(living: readonly SimCell[]): Promise<Pick<Found, "survivors" | "exits">> {
    const cells = living.map((process) => {
      const cell = new HostCell(process.number);
      this.#cells.set(cell.number, cell);
      this.#greet(cell, process);
      return cell;
    });
    const survivors: Survivor[] = [];
    for (const cell of cells) {
      const welcome = await cell.welcomed.promise;
      if (welcome?.tenant === undefined) continue;
      for (const { service, incarnation, phase } of welcome.incarnations) {
        survivors.push({ tenant: welcome.tenant, service, incarnation, cell: cell.number, phase });
      }
    }
    return { survivors, exits: this.#unheard };
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
    const cell = this.#cellFor(effect.tenant);
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
    const cell = this.#placed.get(keyOf({ tenant, incarnation }));
    const held = cell?.held.get(incarnation);
    if (cell === undefined || held === undefined) {
      return this.#submit({ type: "ended", tenant, incarnation, death, started: false });
    }
    if (held.phase === "placed") {
      this.#forget(cell, tenant, held);
      return this.#submit({ type: "ended", tenant, incarnation, death, started: false });
    }
    held.phase = "stopping";
    if (cell.phase === "open") cell.link?.send({ type: "stop", incarnation, death, graceMs });
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

  /** Closes the cells of a tenant that is gone. */
  retire(tenant: TenantId): void {
    for (const cell of this.#byTenant.get(tenant) ?? []) this.#parts.machine.kill(cell.number, { type: "closed" });
  }

  spawned(process: SimCell): void {
    const cell = this.#cells.get(process.number);
    if (cell?.phase === "spawning") this.#greet(cell, process);
  }

  exited(number: CellNumber, loss: CellLoss): void {
    const cell = this.#cells.get(number);
    if (cell === undefined) return this.#parts.machine.acknowledge(number);
    this.#lose(cell, loss);
  }

  kernelDied(): void {
    for (const cell of this.#cells.values()) cell.link?.kernelDied();
  }

  /** An input that does not come from our cells. */
  hear(input: Input): void {
    this.#submit(input);
  }

  #cellFor(tenant: TenantId): HostCell {
    for (const cell of this.#byTenant.get(tenant) ?? []) {
      if (cell.phase !== "lost" && cell.held.size < limits.isolatesPerCellMax) return cell;
    }
    const cell = this.#warm() ?? this.#spawn();
    cell.tenant = tenant;
    const own = this.#byTenant.get(tenant) ?? new Set();
    this.#byTenant.set(tenant, own.add(cell));
    if (cell.phase === "open") cell.link?.send({ type: "adopt", tenant });
    this.#keepWarm();
    return cell;
  }

  #warm(): HostCell | undefined {
    const warm = [...this.#cells.values()].filter((cell) => cell.tenant === undefined && cell.phase !== "lost");
    return warm.find((cell) => cell.phase === "open") ?? warm[0];
  }

  #keepWarm(): void {
    if (!this.#warming || this.#shuttingDown || !this.#parts.alive()) return;
    let warm = 0;
    for (const cell of this.#cells.values()) if (cell.tenant === undefined && cell.phase !== "lost") warm++;
    for (; warm < this.#parts.warmCells; warm++) this.#spawn();
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
    if (welcome.tenant !== undefined) {
      cell.tenant = welcome.tenant;
      const own = this.#byTenant.get(welcome.tenant) ?? new Set();
      this.#byTenant.set(welcome.tenant, own.add(cell));
      for (const { service, incarnation, phase } of welcome.incarnations) {
        cell.held.set(incarnation, { service, incarnation, phase });
        this.#placed.set(keyOf({ tenant: welcome.tenant, incarnation }), cell);
      }
    }
    cell.phase = "open";
    cell.welcomed.resolve(welcome);
    cell.opened.resolve(link);
    if (welcome.tenant === undefined && cell.tenant !== undefined) link.send({ type: "adopt", tenant: cell.tenant });
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
    cell.unheard = cell.phase === "greeting" && !this.#warming && !this.#shuttingDown;
    if (cell.unheard) this.#unheard.push({ cell: cell.number, loss });
    cell.phase = "lost";
    cell.welcomed.resolve(undefined);
    cell.opened.resolve(undefined);
    cell.link?.kernelDied();
    cell.inOrder(async () => {
      await this.#booted.promise;
      this.#lost(cell, loss);
    });
    this.#keepWarm();
  }

  #lost(cell: HostCell, loss: CellLoss): void {
    if (cell.unheard) return void this.#cells.delete(cell.number);
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
