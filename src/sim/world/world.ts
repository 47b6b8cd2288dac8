/**
 * The simulated world: one disk, one node after another, one kernel after another, clients, and faults. It decides nothing;
 * it makes things happen, and tells the checkers.
 */
import {
  cellNumber,
  type Death,
  type EventId,
  eventId,
  incarnationNumber,
  type KernelEpoch,
  kernelEpoch,
  type TenantId,
} from "../../base/index.ts";
import type { Event } from "../../kernel/index.ts";
import { Clients } from "./clients.ts";
import type { Fact } from "./facts.ts";
import type { Flaw } from "./flaw.ts";
import { Guests } from "./guests.ts";
import { KernelProcess } from "./kernel-process.ts";
import type { Life } from "./life.ts";
import { Machine } from "./machine.ts";
import { drawMeasure } from "./measures.ts";
import type { Plan } from "./plan.ts";
import type { Random } from "./random.ts";
import type { Storage } from "./storage.ts";
import type { Time } from "./time.ts";

export interface WorldParts {
  readonly plan: Plan;
  readonly random: Random;
  readonly time: Time;
  readonly storage: Storage;
  readonly flaw: Flaw;
  readonly tell: (fact: Fact) => void;
  readonly fail: (error: unknown) => void;
}

export class World {
  readonly #parts: WorldParts;
  readonly #guests: Guests;
  readonly #clients: Clients;
  #machine: Machine;
  #kernel: KernelProcess | undefined;
  #epoch: KernelEpoch = kernelEpoch(0);
  #boots = 0;
  #calm = false;
  #shuttingDown = false;
  #committed: EventId = eventId(0);
  /** Which event made each tenant, the last time there was one of that name. */
  readonly #tenantsSince = new Map<TenantId, EventId>();

  constructor(parts: WorldParts) {
    this.#parts = parts;
    const { plan, random, time, fail } = parts;
    this.#guests = new Guests(random, plan.fragility);
    this.#clients = new Clients({ plan, random, time, fail });
    this.#machine = this.#boot();
    this.#plan();
  }

  get kernel(): KernelProcess | undefined {
    return this.#kernel;
  }

  get lives(): readonly Life[] {
    return this.#machine.lives;
  }

  get warm(): { readonly cells: number; readonly cellsMax: number } {
    const machine = this.#machine;
    const cells = machine.cells.filter(({ number }) => machine.tenantOf(number) === undefined).length;
    return { cells, cellsMax: this.#parts.plan.warmCells };
  }

  get reportsKept(): number {
    return this.#machine.cells.reduce((sum, cell) => sum + cell.reportsKept, 0);
  }

  /** Faults stop, and so do the clients. */
  calm(): void {
    this.#calm = true;
    this.#guests.calm = true;
    this.#parts.storage.setFull(false);
    this.#parts.storage.setSlowness(1);
  }

  /** Ends everything, as at the end of a run. */
  async end(): Promise<void> {
    const kernel = this.#kernel;
    this.#shuttingDown = true;
    kernel?.die("the run is over");
    await this.#parts.storage.crash();
  }

  // ------------------------------------------------------------------ node and kernels

  #boot(): Machine {
    const { random, time, tell } = this.#parts;
    const machine = new Machine(`boot-${++this.#boots}`, {
      time,
      random,
      ended: (cell, loss) => tell({ type: "cell_ended", cell, loss }),
      cell: {
        guests: this.#guests,
        makeLife: (life) => ({ ...life, tenantSince: this.#tenantsSince.get(life.tenant) ?? eventId(0) }),
        began: (life) => tell({ type: "life_began", life }),
        ended: (life: Life, death: Death) => tell({ type: "life_ended", life, death }),
      },
    });
    this.#machine = machine;
    this.#shuttingDown = false;
    this.#startKernel();
    return machine;
  }

  #take(events: readonly Event[]): void {
    for (const { id, type, tenant } of events) {
      this.#committed = id;
      if (type === "tenant_created" && tenant !== undefined) this.#tenantsSince.set(tenant, id);
    }
  }

  #startKernel(): void {
    const { plan, time, random, storage, flaw, tell, fail } = this.#parts;
    this.#epoch = kernelEpoch(this.#epoch + 1);
    const kernel: KernelProcess = new KernelProcess({
      epoch: this.#epoch,
      plan,
      time,
      random,
      storage,
      machine: this.#machine,
      flaw,
      committed: () => this.#committed,
      faulty: () => !this.#calm,
      tell: (fact) => {
        if (fact.type === "committed") this.#take(fact.events);
        tell(fact);
      },
      fail,
      died: () => this.#kernelDied(kernel),
    });
    this.#kernel = kernel;
    kernel.start();
  }

  #kernelDied(kernel: KernelProcess): void {
    if (this.#kernel !== kernel) return;
    this.#kernel = undefined;
    const { storage, time, random, fail } = this.#parts;
    const machine = this.#machine;
    const crashed = storage.crash();
    crashed.catch(fail);
    time.after(random.wait(100), () => {
      if (this.#machine !== machine || this.#kernel !== undefined || this.#shuttingDown) return;
      return crashed.then(() => this.#startKernel());
    });
  }

  /** Everything of the node is gone at once; another boot follows. */
  #endNode(): void {
    const { tell, time, random, storage, fail } = this.#parts;
    const kernel = this.#kernel;
    this.#kernel = undefined;
    this.#shuttingDown = true;
    const wasAlive = kernel?.alive === true;
    kernel?.die("the node ended");
    this.#machine.end();
    tell({ type: "node_ended" });
    const crashed = wasAlive ? storage.crash() : Promise.resolve();
    crashed.catch(fail);
    time.after(random.wait(500), () => crashed.then(() => void this.#boot()));
  }

  #shutDown(kernel: KernelProcess): void {
    const { random, fail } = this.#parts;
    this.#shuttingDown = true;
    const machine = this.#machine;
    kernel.shutDown(random.pick([10, 1_000, 30_000])).then(() => {
      if (this.#machine === machine) this.#endNode();
    }, fail);
    // init waits no longer than this, and then ends everything.
    this.#parts.time.after(40_000, () => {
      if (this.#machine === machine) this.#endNode();
    });
  }

  // ------------------------------------------------------------------ what comes at random

  #plan(): void {
    const { plan, random, time, storage } = this.#parts;
    this.#every(plan.commandEveryMs, () => {
      if (this.#kernel?.serving === true) this.#clients.act(this.#kernel);
    });
    this.#every(plan.kernelDeathEveryMs, () => this.#kernel?.die("killed"));
    this.#every(plan.cellDeathEveryMs, () => {
      const cell = random.pickAny(this.#machine.cells);
      const signal = random.pick(["SIGKILL", "SIGSEGV"]);
      if (cell !== undefined) this.#machine.kill(cell.number, { type: "signal", signal });
    });
    this.#every(plan.cellHangEveryMs, () => {
      const cell = random.pickAny(this.#machine.cells);
      if (cell !== undefined) this.#machine.hang(cell.number);
    });
    this.#every(plan.nodeEndEveryMs, () => {
      if (!this.#shuttingDown) this.#endNode();
    });
    this.#every(plan.shutdownEveryMs, () => {
      if (this.#kernel?.serving === true && !this.#shuttingDown) this.#shutDown(this.#kernel);
    });
    this.#every(plan.clockJumpEveryMs, () =>
      time.setWall(random.between(-1, 1) * random.pick([1_000, 100_000, 10_000_000, 100_000_000])),
    );
    this.#every(plan.diskTroubleEveryMs, () => {
      const full = random.chance(0.3);
      if (full) storage.setFull(true);
      else storage.setSlowness(random.pick([10, 100]));
      time.after(random.wait(3_000), () => {
        storage.setFull(false);
        storage.setSlowness(1);
      });
    });
    if (plan.snapshotLost > 0) {
      this.#every(10_000, () => {
        if (random.chance(plan.snapshotLost)) storage.loseSnapshots();
      });
    }
    this.#every(plan.strayReportEveryMs, () => this.#mislead());
    this.#every(plan.measureEveryMs, () => {
      const kernel = this.#kernel;
      if (kernel?.serving !== true || kernel.state === undefined) return;
      const measure = drawMeasure(random, kernel.state);
      if (measure !== undefined) kernel.hear(measure);
    });
    const look = (): void => {
      this.#kernel?.lookAround();
      time.after(5_000, look);
    };
    look();
  }

  #every(meanMs: number, act: () => void): void {
    if (meanMs === Number.POSITIVE_INFINITY) return;
    const { time, random } = this.#parts;
    const again = (): void => {
      if (this.#calm) return;
      act();
      time.after(random.wait(meanMs), again);
    };
    time.after(random.wait(meanMs), again);
  }

  /** A report of what is dead already, or never was: late, or twice. The kernel must not believe it. */
  #mislead(): void {
    const { random } = this.#parts;
    const kernel = this.#kernel;
    const tenants = kernel?.state?.tenants;
    if (kernel?.serving !== true || tenants === undefined) return;
    const tenant = random.pickAny([...tenants.values()]);
    if (tenant === undefined) return;
    const incarnation = incarnationNumber(1 + random.below(tenant.nextIncarnation + 1));
    // Of what lives, reports come from its cell alone.
    if (kernel.state?.index.living.get(tenant.id)?.has(incarnation) === true) return;
    const death: Death = { type: "out_of_memory", limitBytes: 666 };
    kernel.hear(
      random.chance(0.5)
        ? { type: "ended", tenant: tenant.id, incarnation, death, started: true }
        : { type: "started", tenant: tenant.id, incarnation, cell: cellNumber(1), tookMs: 1 },
    );
  }
}
