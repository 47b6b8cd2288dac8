/**
 * A kernel process: the real recovery, turns, clock and waiting, between a simulated disk and simulated cells. It can die at
 * any seam: after an append and before the fsync, after the fsync and before an effect, after an effect and before the
 * answer. What a dead one still does reaches nobody.
 */
import {
  defined,
  type EventId,
  type IncarnationNumber,
  isRefusal,
  type KernelEpoch,
  parseTenantId,
  type Refusal,
  type ServiceId,
  type TenantId,
} from "../../base/index.ts";
import {
  Clock,
  type Decider,
  decider,
  type Effect,
  type Event,
  evolveVersion,
  heldIn,
  type Input,
  type Outcome,
  recover,
  type Reply,
  Settling,
  type State,
  takeOver,
  toSnapshot,
  type TurnLog,
  Turns,
  unplacedIn,
} from "../../kernel/index.ts";
import type { CommandOrder, Fact } from "./facts.ts";
import type { Flaw } from "./flaw.ts";
import { Host } from "./host.ts";
import type { Machine } from "./machine.ts";
import type { Plan } from "./plan.ts";
import type { Random } from "./random.ts";
import type { SimLog, Storage } from "./storage.ts";
import type { Time } from "./time.ts";

export interface KernelParts {
  readonly epoch: KernelEpoch;
  readonly plan: Plan;
  readonly time: Time;
  readonly random: Random;
  readonly storage: Storage;
  readonly machine: Machine;
  readonly flaw: Flaw;
  /** How much of the log a kernel has said to be durable. */
  readonly committed: () => EventId;
  /** False: no death at seams any more. */
  readonly faulty: () => boolean;
  readonly tell: (fact: Fact) => void;
  /** A bug: ends the run. */
  readonly fail: (error: unknown) => void;
  /** The process ended; somebody should start the next one. */
  readonly died: (why: string) => void;
}

/** What is asked of a kernel that then dies is never answered. */
const forever = <T>(): Promise<T> => new Promise<T>(() => undefined);

export class KernelProcess {
  readonly #parts: KernelParts;
  #phase: "booting" | "serving" | "stopping" | "dead" = "booting";
  #log: SimLog | undefined;
  #turns: Turns | undefined;
  #settling: Settling | undefined;
  #host: Host | undefined;
  #clock: Clock | undefined;
  #snapshotAt = 0;
  /** Clients that wait for an outcome. */
  #waiting = 0;

  constructor(parts: KernelParts) {
    this.#parts = parts;
  }

  get serving(): boolean {
    return this.#phase === "serving";
  }

  get alive(): boolean {
    return this.#phase !== "dead";
  }

  get state(): State | undefined {
    return this.#turns?.state;
  }

  get now() {
    return this.#clock?.now();
  }

  get waiting(): number {
    return this.#waiting;
  }

  /** Nothing waits for the disk. */
  get idle(): boolean {
    return this.#log?.queued === 0;
  }

  start(): void {
    this.#boot().catch(this.#parts.fail);
  }

  die(why: string): void {
    if (this.#phase === "dead") return;
    this.#phase = "dead";
    this.#turns?.[Symbol.dispose]();
    this.#host?.kernelDied();
    this.#parts.machine.listen(undefined);
    this.#parts.tell({ type: "kernel_died", point: why });
    this.#parts.died(why);
  }

  // ------------------------------------------------------------------ what clients ask

  command(order: CommandOrder): Promise<Reply | Refusal> {
    const turns = defined(this.#turns, "the turns");
    const asked = turns.command(order);
    const seen = this.#newest;
    return asked.then(async (answer) => {
      if (!this.#goOn("before an answer")) return forever();
      this.#parts.tell({ type: "answered", order, answer, seen });
      return answer;
    });
  }

  async settled(
    at: { readonly tenant: TenantId; readonly service: ServiceId; readonly incarnation: IncarnationNumber },
    patience: AbortSignal,
  ): Promise<Outcome | Refusal> {
    this.#waiting += 1;
    const outcome = await defined(this.#settling, "the waiting").settled(at, patience);
    this.#waiting -= 1;
    if (!this.#goOn("before an outcome is told")) return forever();
    this.#parts.tell({ type: "settled", at, outcome });
    return outcome;
  }

  async read(): Promise<void> {
    const seen = await defined(this.#turns, "the turns").read((state) => state.lastEvent);
    if (this.#goOn("before a read is shown")) this.#parts.tell({ type: "shown", seen });
  }

  /** What is measured; and what no cell of ours would report. */
  hear(input: Input): void {
    this.#host?.hear(input);
  }

  /** The wall clock was looked at. */
  lookAround(): void {
    const jump = this.#clock?.jump();
    if (jump === undefined || this.#phase !== "serving") return;
    this.#turns?.submit({ type: "clock_jumped", ...jump }).catch(this.#parts.fail);
  }

  /** Ends everything in order. Resolves when the log is closed; never if the kernel dies first. */
  async shutDown(withinMs: number): Promise<void> {
    this.#phase = "stopping";
    const how = await defined(this.#host, "the host").shutDown(withinMs);
    if (!this.#goOn("before the end is recorded")) return forever();
    await defined(this.#turns, "the turns").submit({ type: "node_stopped", ...how });
    if (!this.alive) return forever();
    this.#snapshot();
    await this.#log?.close();
    if (!this.alive) return forever();
    this.#phase = "dead";
    this.#turns?.[Symbol.dispose]();
    this.#host?.kernelDied();
  }

  // ------------------------------------------------------------------ booting, as the daemon does

  async #boot(): Promise<void> {
    const { storage, machine, epoch, time, random, plan, tell } = this.#parts;
    await time.pause(random.wait(50));
    if (!this.alive) return;
    const opened = await storage.open({ boot: machine.boot, epoch });
    if (isRefusal(opened)) return this.die(`the log cannot be opened: ${opened.refused}`);
    const { flaw } = this.#parts;
    const log = flaw.log?.(opened) ?? opened;
    if (!this.alive) return;
    this.#log = log;
    log.onFailure((why) => this.die(`the log failed: ${why}`));
    log.onCommitted((events) => tell({ type: "committed", events }));
    // Written by the kernel before, which died before it could know.
    const unheard = [...log.replay(this.#parts.committed())];
    if (unheard.length > 0) tell({ type: "committed", events: unheard });
    const snapshot = log.latestSnapshot(evolveVersion);
    if (snapshot !== undefined) tell({ type: "snapshot_found", json: snapshot.json });
    const { state } = recover(log, false, flaw.decider);
    tell({ type: "recovered", log: log.replay(0 as EventId), state });
    this.#snapshotAt = state.lastEvent;
    const began = time.nowMs;
    this.#clock = new Clock({ wallMs: () => time.wallMs, monotonicMs: () => time.nowMs - began }, log.timestamp);
    this.#settling = new Settling({ state, newest: () => log.newest, whenDurable: (id) => this.#whenDurable(id) });
    this.#turns = new Turns({
      state,
      log: this.#turnLog(log),
      clock: this.#clock,
      after: (delayMs, ring) => time.after(delayMs, ring),
      carryOut: (effect) => this.#carryOut(effect),
      evolved: (events) => this.#evolved(events),
      decider: this.#watched(flaw.decider ?? decider),
    });
    const submit = (input: Input): Promise<void> => this.#submit(input);
    const host = new Host({
      epoch,
      warmCells: plan.warmCells,
      time,
      machine,
      link: { time, random, meanMs: plan.linkMs },
      submit: flaw.submit?.(submit) ?? submit,
      goOn: (point) => this.#goOn(point),
      alive: () => this.alive,
      residents: (cell) => heldIn(state, cell),
      unplaced: () => unplacedIn(state),
      releaseOf: (tenant, service) => state.tenants.get(tenant)?.services.get(service)?.release,
      deployedBy: (tenant, service) => state.tenants.get(tenant)?.services.get(service)?.deployedBy,
      heardEnd: (tenant, incarnation) => tell({ type: "end_heard", tenant, incarnation }),
      traceMs: () => random.wait(10),
      fail: this.#parts.fail,
    });
    this.#host = host;
    // As init's `begin` has it: what lives and what ended, at one moment.
    const { cells, exits } = machine;
    machine.listen({
      spawned: (cell) => host.spawned(cell),
      exited: (cell, loss, turns) => host.exited(cell, loss, turns),
    });
    const found = await host.adopt(cells);
    if (!this.alive) return;
    const all = { survivors: found.survivors, exits: [...exits, ...found.exits] };
    await this.#takeOver(flaw.found?.(all) ?? all);
    if (!this.alive) return;
    this.#phase = "serving";
    host.begin();
  }

  async #takeOver(found: Awaited<ReturnType<Host["adopt"]>>): Promise<void> {
    const { epoch, machine } = this.#parts;
    const turns = defined(this.#turns, "the turns");
    const { state } = turns;
    const fresh = state.lastEvent === 0;
    const { booted, losses } = takeOver(state, { epoch, boot: machine.boot, version: "sim", ...found });
    const recorded = turns.submit(booted);
    for (const loss of losses) {
      turns.submit(loss).then(() => {
        if (this.#goOn("before acknowledging an exit")) machine.acknowledge(loss.cell);
      }, this.#parts.fail);
    }
    this.#parts.tell({ type: "took_over", survivors: booted.survivors, state });
    if (fresh) {
      await turns.command({
        type: "command",
        principal: { role: "admin", name: "admin" },
        command: { type: "create_tenant", tenant: defined(parseTenantId("default"), "a tenant's name") },
      });
    }
    await recorded;
    if (this.alive) turns.begin();
  }

  // ------------------------------------------------------------------ seams

  get #newest(): EventId {
    return defined(this.#log, "the log").newest;
  }

  /** A seam. False: the kernel died here, or before. */
  #goOn(point: string): boolean {
    if (!this.alive) return false;
    if (!this.#parts.faulty() || !this.#parts.random.chance(this.#parts.plan.deathAtSeam)) return true;
    this.die(point);
    return false;
  }

  #turnLog(log: SimLog): TurnLog {
    return {
      get newest() {
        return log.newest;
      },
      hasRoom: (count) => log.hasRoom(count),
      append: (events, stamp) => {
        const placed = log.append(events, stamp);
        this.#goOn("after an append");
        return placed;
      },
      whenDurable: (id) => this.#whenDurable(id),
    };
  }

  async #whenDurable(id: EventId): Promise<void> {
    try {
      await defined(this.#log, "the log").whenDurable(id);
    } catch {
      // The log failed: the process is at its end.
      return forever();
    }
    if (!this.#goOn("after an fsync")) return forever();
  }

  /** Tells what is decided, as it is decided. */
  #watched(inner: Decider): Decider {
    return {
      decide: (state, input, now) => {
        const turn = inner.decide(state, input, now);
        this.#parts.tell({ type: "decided", input, turn, state, now });
        return turn;
      },
      evolve: inner.evolve,
    };
  }

  #submit(input: Input): Promise<void> {
    return this.alive ? defined(this.#turns, "the turns").submit(input) : forever();
  }

  #evolved(events: readonly Event[]): void {
    const turns = defined(this.#turns, "the turns");
    const log = defined(this.#log, "the log");
    this.#settling?.evolved(events);
    if (!this.alive) return;
    this.#parts.tell({ type: "evolved", events, state: turns.state, queued: log.queued });
    if (turns.state.lastEvent - this.#snapshotAt >= this.#parts.plan.snapshotEveryEvents) this.#snapshot();
  }

  #snapshot(): void {
    const { state } = defined(this.#turns, "the turns");
    this.#snapshotAt = state.lastEvent;
    const json = JSON.stringify(toSnapshot(state));
    this.#log?.saveSnapshot({ event: state.lastEvent, evolveVersion, json }).catch(() => undefined);
  }

  #carryOut(effect: Effect): void {
    if (!this.#goOn("before an effect")) return;
    const host = defined(this.#host, "the host");
    switch (effect.type) {
      case "start":
        host.start(effect);
        break;
      case "stop":
        host.stop(effect);
        break;
      case "retire_tenant":
        this.#retire(host, effect.tenant).catch(this.#parts.fail);
        break;
    }
    this.#goOn("after an effect");
  }

  async #retire(host: Host, tenant: TenantId): Promise<void> {
    const log = defined(this.#log, "the log");
    const through = log.newest;
    await host.retire(tenant);
    if (!this.alive) return;
    const count = await log.countPayloads({ tenant, through }).catch(() => forever<number>());
    if (isRefusal(count) || !this.#goOn("before an erasure")) return;
    await this.#submit({ type: "retired", tenant, through, count });
  }
}
