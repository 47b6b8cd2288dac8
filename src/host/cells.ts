/**
 * Cells: places incarnations in the tenants' cells, keeps two warm ones ready, and turns what cells and init report into
 * inputs of the kernel.
 *
 *   start effect ─▶ the tenant's cell (its own, a warm one, a new one) ─▶ load ─▶ report ─▶ turn ─▶ durable ─▶ acknowledge
 *
 * Owns all links. A cell belongs to one tenant for its whole life (P1). When a cell is lost, each incarnation in it ends
 * with the true reason (P4), and nothing that waited for it is left waiting.
 */
import {
  type CellLoss,
  cellNumber,
  type CellNumber,
  type Death,
  type IncarnationNumber,
  isRefusal,
  type KernelEpoch,
  limits,
  type Refusal,
  remedy,
  type ResourceLimits,
  say,
  type ServiceId,
  type TenantId,
} from "../base/index.ts";
import type { Effect, Input, Release, Survivor } from "../kernel/index.ts";
import type { CellReport, DeadCell, LivingCell, Usage } from "../wire/index.ts";
import { Cell, type Held } from "./cell.ts";
import { CellLink, type CellMessage } from "./cell-link.ts";
import type { Router } from "./router.ts";

export interface CellsSettings {
  readonly warmCells: number;
  /** Resident memory at which init kills a cell. */
  readonly cellRssBytesMax: number;
  /** An empty cell is closed after this long. */
  readonly emptyMsMax: number;
}

/** What the cells need of the world. */
export interface CellsPowers {
  readonly epoch: KernelEpoch;
  readonly settings: CellsSettings;
  readonly router: Router;
  readonly init: {
    readonly spawn: (cell: CellNumber, rssBytesMax: number) => void;
    readonly kill: (cell: CellNumber, loss: CellLoss) => void;
    readonly acknowledgeExit: (cell: CellNumber) => void;
  };
  /** Hands an input to the kernel; resolves when its events are durable. */
  readonly submit: (input: Input) => Promise<void>;
  /** Compiled code, environments: verified on read. */
  readonly artifact: (tenant: TenantId, hash: string) => Promise<Uint8Array | Refusal>;
  /** A guest's stack in the agent's own lines. */
  readonly trace: (
    tenant: TenantId,
    service: ServiceId,
    release: Release | undefined,
    stack: string,
  ) => Promise<string>;
  readonly log: (line: {
    readonly tenant: TenantId;
    readonly held: Held;
    readonly level: "ERROR" | "WARN" | "INFO" | "DEBUG";
    readonly text: string;
    readonly dropped: number;
  }) => void;
  /** The release of an incarnation, from the state. */
  readonly releaseOf: (tenant: TenantId, service: ServiceId) => Release | undefined;
  /** Monotonic milliseconds. */
  readonly nowMs: () => number;
}

type Start = Extract<Effect, { readonly type: "start" }>;
type Stop = Extract<Effect, { readonly type: "stop" }>;

const greetingMsMax = 3_000;
const inspectMsMax = 250;
/** After its link closed a cell has this long to be reported dead before it is killed. */
const lingerMsMax = 1_000;

export class Cells implements Disposable {
  readonly #powers: CellsPowers;
  readonly #cells = new Map<CellNumber, Cell>();
  readonly #byTenant = new Map<TenantId, Set<Cell>>();
  readonly #placed = new Map<string, Cell>();
  /** Reports wait until the kernel has taken its `booted` input. */
  readonly #booted = Promise.withResolvers<void>();
  /** While cells are adopted: the ends of those that had not been heard yet. */
  #unheard: DeadCell[] | undefined;
  #spawned = 0;
  #warming = false;
  #closed = false;
  #shuttingDown = false;
  /** During a shutdown: something did not end by itself. */
  #cutOff = false;
  /** Asked after each end during a shutdown. */
  #emptied: () => void = () => undefined;
  readonly #sweep: NodeJS.Timeout;

  constructor(powers: CellsPowers) {
    this.#powers = powers;
    this.#sweep = setInterval(() => this.#closeEmpty(), 5_000);
    this.#sweep.unref();
  }

  // ------------------------------------------------------------------ boot

  /**
   * Connects to the cells that an earlier kernel left running and tells what they hold; and how those ended that did so
   * before they could be heard. What these held only the state knows: their loss is the asker's to record and acknowledge.
   */
  async adopt(
    living: readonly LivingCell[],
  ): Promise<{ readonly survivors: readonly Survivor[]; readonly exits: readonly DeadCell[] }> {
    const cells = living.map(({ cell: number, socket }) => {
      const cell = new Cell(number);
      this.#cells.set(number, cell);
      this.#greet(cell, socket);
      return cell;
    });
    const survivors: Survivor[] = [];
    const exits: DeadCell[] = [];
    this.#unheard = exits;
    for (const cell of cells) {
      const welcome = await cell.welcomed;
      if (welcome?.tenant === undefined) continue;
      for (const { service, incarnation, phase } of welcome.incarnations) {
        survivors.push({ tenant: welcome.tenant, service, incarnation, cell: cell.number, phase });
      }
    }
    this.#unheard = undefined;
    return { survivors, exits };
  }

  /** The kernel has taken `booted`: reports may flow, and the warm pool is filled. */
  begin(): void {
    this.#warming = true;
    this.#booted.resolve();
    this.#keepWarm();
  }

  // ------------------------------------------------------------------ effects

  start(effect: Start): void {
    const key = keyOf(effect);
    if (this.#placed.has(key) || this.#closed || this.#shuttingDown) return;
    const cell = this.#cellFor(effect.tenant);
    const held: Held = {
      service: effect.service,
      instance: effect.instance,
      incarnation: effect.incarnation,
      release: effect.release,
      phase: "placed",
    };
    cell.held.set(effect.incarnation, held);
    this.#placed.set(key, cell);
    void this.#load(cell, held, effect);
  }

  async #load(cell: Cell, held: Held, effect: Start): Promise<void> {
    const { release, tenant } = effect;
    const [code, environment, link] = await Promise.all([
      this.#powers.artifact(tenant, release.compiled),
      release.environment === undefined ? undefined : this.#powers.artifact(tenant, release.environment),
      cell.opened,
    ]);
    // Stopped, or lost with its cell, while it was being prepared: whoever did that has reported it.
    if (cell.held.get(held.incarnation) !== held || held.phase !== "placed" || link === undefined) return;
    if (isRefusal(code)) return this.#endEarly(cell, held, tenant, unloadable(code));
    if (environment !== undefined && isRefusal(environment)) {
      return this.#endEarly(cell, held, tenant, unloadable(environment));
    }
    held.phase = "starting";
    link.send(
      {
        type: "load",
        service: held.service,
        instance: held.instance,
        incarnation: held.incarnation,
        release: release.id,
        limits: wallsOf(release.limits),
        environment: environment === undefined ? {} : environmentIn(environment),
        logLevel: release.logLevel,
        probation: effect.probation,
      },
      code,
    );
  }

  stop(effect: Stop): void {
    const cell = this.#placed.get(keyOf(effect));
    const held = cell?.held.get(effect.incarnation);
    this.#powers.router.remove(effect.tenant, effect.service, effect.incarnation);
    if (cell === undefined || held === undefined) {
      this.#submit({
        type: "ended",
        tenant: effect.tenant,
        incarnation: effect.incarnation,
        death: effect.death,
        started: false,
      });
      return;
    }
    if (held.phase === "placed") {
      return this.#endEarly(cell, held, effect.tenant, effect.death);
    }
    held.phase = "stopping";
    if (cell.phase.name === "open") {
      cell.phase.link.send({
        type: "stop",
        incarnation: effect.incarnation,
        death: effect.death,
        graceMs: effect.graceMs,
      });
    }
  }

  /**
   * Ends everything for a shutdown of the node, newest first, each within its own grace; resolves when nothing is held any
   * more (`deadline`: something had to be cut off), or after `withinMs`. Nothing is reported to the kernel from now on: the services shall run again.
   */
  async shutDown(withinMs: number): Promise<"clean" | "deadline"> {
    this.#shuttingDown = true;
    this.#cutOff = false;
    // A kernel in safe mode never begins: what ends now must be heard all the same.
    this.#booted.resolve();
    const all = [...this.#cells.values()].flatMap((cell) => [...cell.held.values()].map((held) => ({ cell, held })));
    for (const { cell, held } of all.toSorted((a, b) => b.held.incarnation - a.held.incarnation)) {
      if (cell.phase.name !== "open" || held.phase === "placed") {
        cell.held.delete(held.incarnation);
        continue;
      }
      const graceMs = Math.floor(Math.min(withinMs, held.release?.limits.shutdownTimeoutMs ?? withinMs));
      const death: Death = { type: "stopped", why: "shutdown" };
      held.phase = "stopping";
      cell.phase.link.send({ type: "stop", incarnation: held.incarnation, death, graceMs });
    }
    return new Promise((resolve) => {
      const timer = setTimeout(() => resolve("deadline"), withinMs);
      this.#emptied = () => {
        if ([...this.#cells.values()].some((cell) => cell.held.size > 0)) return;
        clearTimeout(timer);
        resolve(this.#cutOff ? "deadline" : "clean");
      };
      this.#emptied();
    });
  }

  /** Closes the cells of a tenant that is gone. */
  retire(tenant: TenantId): void {
    for (const cell of this.#byTenant.get(tenant) ?? []) this.#powers.init.kill(cell.number, { type: "closed" });
  }

  // ------------------------------------------------------------------ init's news

  spawned(news: LivingCell): void {
    const cell = this.#cells.get(news.cell);
    if (cell?.phase.name === "spawning") this.#greet(cell, news.socket);
  }

  exited(number: CellNumber, loss: CellLoss): void {
    const cell = this.#cells.get(number);
    if (cell === undefined) return this.#powers.init.acknowledgeExit(number);
    this.#lose(cell, loss);
  }

  // ------------------------------------------------------------------ asked

  /** Uses of a tenant's incarnations (of the named ones, or of all), as far as its cells answer in time. */
  async usage(
    tenant: TenantId,
    incarnations?: readonly IncarnationNumber[],
  ): Promise<ReadonlyMap<IncarnationNumber, Usage>> {
    const asked = [...(this.#byTenant.get(tenant) ?? [])].flatMap(({ phase, held }) => {
      if (phase.name !== "open") return [];
      const here = incarnations?.filter((one) => held.has(one));
      return here?.length === 0 ? [] : [phase.link.inspect(inspectMsMax, here)];
    });
    const answers = await Promise.all(asked);
    return new Map(answers.flatMap((answer) => [...answer]));
  }

  [Symbol.dispose](): void {
    this.#closed = true;
    clearInterval(this.#sweep);
    for (const cell of this.#cells.values()) {
      if (cell.phase.name === "open" || cell.phase.name === "greeting") cell.phase.link[Symbol.dispose]();
    }
  }

  // ------------------------------------------------------------------ placing

  #cellFor(tenant: TenantId): Cell {
    for (const cell of this.#byTenant.get(tenant) ?? []) {
      if (cell.phase.name !== "lost" && cell.held.size < limits.isolatesPerCellMax) return cell;
    }
    const cell = this.#warm() ?? this.#spawn();
    cell.tenant = tenant;
    const own = this.#byTenant.get(tenant);
    if (own === undefined) this.#byTenant.set(tenant, new Set([cell]));
    else own.add(cell);
    if (cell.phase.name === "open") cell.phase.link.send({ type: "adopt", tenant });
    this.#keepWarm();
    return cell;
  }

  /** A cell without a tenant; one that is open already, if there is one. */
  #warm(): Cell | undefined {
    const warm = [...this.#cells.values()].filter((cell) => cell.tenant === undefined && cell.phase.name !== "lost");
    return warm.find((cell) => cell.phase.name === "open") ?? warm[0];
  }

  #keepWarm(): void {
    if (!this.#warming || this.#closed || this.#shuttingDown) return;
    let warm = 0;
    for (const cell of this.#cells.values()) if (cell.tenant === undefined && cell.phase.name !== "lost") warm++;
    for (; warm < this.#powers.settings.warmCells; warm++) this.#spawn();
  }

  #spawn(): Cell {
    // Epochs never repeat, so neither do the numbers that kernels give to cells.
    const cell = new Cell(cellNumber(this.#powers.epoch * 1_000_000 + ++this.#spawned));
    this.#cells.set(cell.number, cell);
    this.#powers.init.spawn(cell.number, this.#powers.settings.cellRssBytesMax);
    return cell;
  }

  #closeEmpty(): void {
    for (const cell of this.#cells.values()) {
      if (cell.tenant === undefined || cell.held.size > 0 || cell.phase.name !== "open") continue;
      if (this.#powers.nowMs() - cell.emptySinceMs < this.#powers.settings.emptyMsMax) continue;
      this.#powers.init.kill(cell.number, { type: "closed" });
      this.#lose(cell, { type: "closed" });
    }
  }

  // ------------------------------------------------------------------ talking

  #greet(cell: Cell, socket: string): void {
    const link = new CellLink(
      { socket, cell: cell.number, epoch: this.#powers.epoch },
      {
        onWelcome: (welcome) => {
          clearTimeout(timer);
          this.#welcome(cell, link, welcome);
        },
        onMessage: (message, body) => this.#take(cell, link, message, body),
        onClosed: (closed) => {
          clearTimeout(timer);
          if (this.#closed || cell.phase.name === "lost") return;
          cell.suspects = link.busy;
          const loss: CellLoss = {
            type: "protocol",
            problem: closed.why === "ended" ? "it closed its connection" : closed.problem,
          };
          if (closed.why === "protocol") return this.#powers.init.kill(cell.number, loss);
          // Most likely its process has just ended, and init is about to say how.
          setTimeout(() => {
            if (cell.phase.name !== "lost" && !this.#closed) this.#powers.init.kill(cell.number, loss);
          }, lingerMsMax).unref();
        },
      },
    );
    const timer = setTimeout(() => {
      this.#powers.init.kill(cell.number, { type: "protocol", problem: `no welcome within ${greetingMsMax} ms` });
    }, greetingMsMax);
    cell.phase = { name: "greeting", link };
  }

  #welcome(
    cell: Cell,
    link: CellLink,
    welcome: {
      readonly tenant?: TenantId;
      readonly incarnations: readonly {
        readonly service: ServiceId;
        readonly instance: number;
        readonly incarnation: IncarnationNumber;
        readonly phase: "starting" | "running" | "stopping";
      }[];
    },
  ): void {
    if (cell.phase.name !== "greeting") return;
    if (welcome.tenant !== undefined) {
      cell.tenant = welcome.tenant;
      const own = this.#byTenant.get(welcome.tenant) ?? new Set();
      this.#byTenant.set(welcome.tenant, own.add(cell));
      for (const found of welcome.incarnations) {
        const held: Held = { ...found, release: this.#powers.releaseOf(welcome.tenant, found.service) };
        cell.held.set(found.incarnation, held);
        this.#placed.set(keyOf({ tenant: welcome.tenant, incarnation: found.incarnation }), cell);
        if (found.phase === "running") this.#powers.router.add(welcome.tenant, held, link);
      }
    }
    cell.open(link, { type: "welcome", ...welcome });
    if (welcome.tenant === undefined && cell.tenant !== undefined) link.send({ type: "adopt", tenant: cell.tenant });
  }

  #take(cell: Cell, link: CellLink, message: CellMessage, body: Uint8Array): void {
    if (message.type === "report") {
      return cell.inOrder(() => this.#report(cell, link, message.number, message.report));
    }
    const { tenant } = cell;
    const held = cell.held.get(message.type === "log" ? message.incarnation : message.caller);
    // A cell speaks only for what was placed in it.
    if (tenant === undefined || held === undefined) return;
    switch (message.type) {
      case "log":
        return this.#powers.log({ tenant, held, level: message.level, text: message.text, dropped: message.dropped });
      case "call":
        return this.#powers.router.callFrom(tenant, held, link, message, body);
      case "cast":
      case "send":
        return this.#powers.router.passOn(tenant, held, message, body);
    }
  }

  async #report(cell: Cell, link: CellLink, number: number, report: CellReport): Promise<void> {
    await this.#booted.promise;
    const { tenant } = cell;
    const held = cell.held.get(report.incarnation);
    const acknowledge = (): void => void link.send({ type: "acknowledge", report: number });
    if (tenant === undefined) return;
    // Reported already, or never placed here: the kernel knows what to do with the first, and must not hear the second.
    if (held !== undefined) {
      const { incarnation } = held;
      if (report.type === "started") {
        this.#started(tenant, held, link);
        const { tookMs } = report;
        this.#submit({ type: "started", tenant, incarnation, cell: cell.number, tookMs }, acknowledge);
      } else {
        this.#cutOff ||= report.death.type === "shutdown_timeout";
        const death = await this.#readable(tenant, held, report.death);
        this.#forget(cell, tenant, held);
        this.#submit({ type: "ended", tenant, incarnation, death, started: report.started }, acknowledge);
      }
    } else acknowledge();
  }

  #started(tenant: TenantId, held: Held, link: CellLink): void {
    if (held.phase === "stopping") return;
    held.phase = "running";
    this.#powers.router.add(tenant, held, link);
  }

  #endEarly(cell: Cell, held: Held, tenant: TenantId, death: Death): void {
    if (cell.held.get(held.incarnation) !== held) return;
    this.#forget(cell, tenant, held);
    this.#submit({ type: "ended", tenant, incarnation: held.incarnation, death, started: false });
  }

  /** A crash with its stack in the agent's own lines. */
  async #readable(tenant: TenantId, held: Held, death: Death): Promise<Death> {
    if (death.type !== "crashed") return death;
    const stack = await this.#powers.trace(tenant, held.service, held.release, death.error.stack);
    return { ...death, error: { ...death.error, stack } };
  }

  #forget(cell: Cell, tenant: TenantId, held: Held): void {
    this.#powers.router.remove(tenant, held.service, held.incarnation);
    cell.held.delete(held.incarnation);
    this.#placed.delete(keyOf({ tenant, incarnation: held.incarnation }));
    if (cell.held.size === 0) cell.emptySinceMs = this.#powers.nowMs();
    this.#emptied();
  }

  // ------------------------------------------------------------------ losing

  #lose(cell: Cell, loss: CellLoss): void {
    if (cell.phase.name === "lost") return;
    const link = cell.phase.name === "spawning" ? undefined : cell.phase.link;
    const busy = cell.suspects ?? link?.busy ?? new Set<IncarnationNumber>();
    const unheard = cell.phase.name === "greeting" ? this.#unheard : undefined;
    cell.lose();
    link?.[Symbol.dispose]();
    if (unheard !== undefined) {
      this.#cells.delete(cell.number);
      unheard.push({ cell: cell.number, loss });
      return;
    }
    const { tenant } = cell;
    for (const held of cell.held.values()) {
      if (tenant !== undefined) this.#powers.router.remove(tenant, held.service, held.incarnation);
    }
    // After the reports that the cell managed to send: those are the truer reasons.
    cell.inOrder(async () => {
      await this.#booted.promise;
      this.#lost(cell, loss, busy);
    });
    this.#keepWarm();
  }

  #lost(cell: Cell, loss: CellLoss, busy: ReadonlySet<IncarnationNumber>): void {
    const { tenant } = cell;
    const held = [...cell.held.values()];
    this.#cutOff ||= held.length > 0;
    const suspects = held.filter((one) => one.phase === "starting" || busy.has(one.incarnation));
    const victims = held.map((one) => ({
      incarnation: one.incarnation,
      // When nobody is known to have been at work, everybody is suspect: a culprit must not hide behind its timers.
      inFlight: suspects.length === 0 ? true : suspects.includes(one),
    }));
    for (const one of held) if (tenant !== undefined) this.#forget(cell, tenant, one);
    this.#cells.delete(cell.number);
    if (tenant !== undefined) {
      const own = this.#byTenant.get(tenant);
      own?.delete(cell);
      if (own?.size === 0) this.#byTenant.delete(tenant);
    }
    const acknowledge = (): void => this.#powers.init.acknowledgeExit(cell.number);
    if (loss.type === "closed" && victims.length === 0) return acknowledge();
    const whose = tenant === undefined ? {} : { tenant };
    this.#submit({ type: "cell_lost", cell: cell.number, loss, victims, ...whose }, acknowledge);
  }

  /** Calls `durable` when the input's events are. */
  #submit(input: Input, durable?: () => void): void {
    if (this.#shuttingDown) return;
    // A failed submit is a failed log, which ends the kernel by itself.
    this.#powers.submit(input).then(durable, () => undefined);
  }
}

const keyOf = (at: { readonly tenant: TenantId; readonly incarnation: IncarnationNumber }): string =>
  `${at.tenant}/${at.incarnation}`;

/**
 * What the cell holds a service to. Where a violation shall not end it, there must be room to commit one: the isolate's own
 * wall, at which it dies, stands at twice the limit.
 */
const wallsOf = (limits: ResourceLimits): ResourceLimits =>
  limits.limitExceededAction === "kill"
    ? limits
    : { ...limits, maxMemoryBytes: Math.min(2 * limits.maxMemoryBytes, 64 * 1024 ** 3) };

const unloadable = (refusal: Refusal): Death => ({
  type: "crashed",
  where: "load",
  error: { name: refusal.refused, message: `${say(refusal)} ${remedy(refusal)}`, stack: "" },
});

/** Environments were written by this kernel; the artifact store has verified the bytes. */
const environmentIn = (bytes: Uint8Array): Readonly<Record<string, string>> => {
  const stored = JSON.parse(new TextDecoder().decode(bytes)) as { readonly environment: Record<string, string> };
  return stored.environment;
};
