/**
 * Cells: places incarnations in the tenants' cells and stops them there, as the kernel says; and answers for what there is.
 *
 *   start effect ─▶ the tenant's cell (its own, a warm one, a new one) ─▶ load ─▶ report ─▶ turn ─▶ durable ─▶ acknowledge
 *
 *   Adoption   what an earlier kernel left                 Supply   which cell, and that there is one
 *   Reports    what cells say of what is in them           Inputs   what the kernel is told, and when
 *   Losses     the end of a cell                           Ending   the end of all, for a shutdown
 *   Loads      how code gets into them
 *
 * Owns all links. A cell belongs to one tenant for its whole life (P1).
 */
import type { CellLoss, CellNumber, Death, IncarnationNumber, ServiceId, TenantId } from "../base/index.ts";
import type { Effect } from "../kernel/index.ts";
import type { DeadCell, LivingCell, Usage } from "../wire/index.ts";
import { Adoption } from "./adoption.ts";
import type { Cell, Held } from "./cell.ts";
import type { CellLink, Welcome } from "./cell-link.ts";
import type { CellsPowers } from "./cells-powers.ts";
import { type CensusRow, rowOf } from "./census.ts";
import { Ending, type Shutdown } from "./ending.ts";
import { greet } from "./greeting.ts";
import { Inputs } from "./inputs.ts";
import { Loads } from "./loads.ts";
import { Losses } from "./losses.ts";
import { Reports } from "./reports.ts";
import { Roster } from "./roster.ts";
import type { StopOrder } from "./sought.ts";
import { Supply } from "./supply.ts";
import { throttle } from "./throttle.ts";
import { usageIn } from "./usage.ts";
import { Weights } from "./weights.ts";

type Start = Extract<Effect, { readonly type: "start" }>;
type Stop = Extract<Effect, { readonly type: "stop" }>;

/** A cell that has ended is listened to for at most this long. */
const lastWordsMsMax = 200;
/** How often empty cells are looked for. */
const sweepEveryMs = 5_000;

export class Cells implements Disposable {
  readonly #powers: CellsPowers;
  readonly #roster: Roster = new Roster((tenant) => this.#weights.review(tenant));
  readonly #weights: Weights;
  readonly #supply: Supply;
  readonly #ending: Ending;
  readonly #inputs: Inputs;
  readonly #adoption: Adoption;
  readonly #loads: Loads;
  readonly #reports: Reports;
  readonly #losses: Losses;
  #closed = false;
  #cancelSweep: () => void;

  constructor(powers: CellsPowers) {
    this.#powers = powers;
    const { epoch, settings, timing } = powers;
    const { spawn, limit, assign, kill, acknowledgeExit } = powers.init;
    const roster = this.#roster;
    const forget = (cell: Cell, tenant: TenantId, held: Held): void => this.#forget(cell, tenant, held);
    this.#weights = new Weights({ roster, settings, limit });
    const supply = new Supply({ epoch, settings, spawn, assign, roster, timing });
    const ending = new Ending(roster, (tenant, service) => powers.deployedBy(tenant, service), timing);
    const inputs = new Inputs(powers.submit, ending);
    const adoption = new Adoption({
      ...powers,
      roster,
      inputs,
      greet: (cell, socket) => this.#greet(cell, socket),
    });
    this.#supply = supply;
    this.#ending = ending;
    this.#inputs = inputs;
    this.#adoption = adoption;
    this.#loads = new Loads({
      artifact: powers.artifact,
      endEarly: (cell, held, tenant, death) => this.#endEarly(cell, held, tenant, death),
    });
    this.#reports = new Reports({ ...powers, inputs, ending, kill, forget });
    this.#losses = new Losses({ ...powers, roster, supply, adoption, inputs, ending, acknowledgeExit, forget });
    this.#cancelSweep = timing.after(sweepEveryMs, () => this.#sweep());
  }

  // ------------------------------------------------------------------ boot

  /** See {@link Adoption.adopt}. */
  adopt(living: readonly LivingCell[]): ReturnType<Adoption["adopt"]> {
    return this.#adoption.adopt(living);
  }

  /** The kernel has taken `booted`: reports may flow, and the warm pool is filled. */
  begin(): void {
    this.#inputs.begin();
    if (!this.#closed && !this.#ending.isUnderWay) this.#supply.begin();
  }

  // ------------------------------------------------------------------ effects

  start(effect: Start): void {
    const placed = this.#roster.at(effect.tenant, effect.incarnation) !== undefined;
    if (placed || this.#closed || this.#ending.isUnderWay) return;
    const cell = this.#supply.cellFor(effect.tenant, effect.release.tier);
    const held: Held = {
      service: effect.service,
      instance: effect.instance,
      incarnation: effect.incarnation,
      release: effect.release,
      phase: "placed",
    };
    this.#roster.place(cell, effect.tenant, held);
    void this.#loads.load(cell, held, effect);
  }

  stop(effect: Stop): void {
    const { tenant, service, incarnation, death, graceMs } = effect;
    const cell = this.#roster.at(tenant, incarnation);
    const held = cell?.held.get(incarnation);
    this.#powers.router.remove(tenant, service, incarnation);
    const order: StopOrder = { type: "stop", incarnation, death, graceMs };
    if (this.#adoption.tell(effect, order)) return;
    if (cell === undefined || held === undefined) {
      return this.#inputs.submit({ type: "ended", tenant, incarnation, death, started: false });
    }
    if (held.phase === "placed") return this.#endEarly(cell, held, tenant, death);
    held.phase = "stopping";
    if (cell.phase.name === "open") cell.phase.link.send(order);
    else void cell.opened.then((link) => link?.send(order));
  }

  /**
   * Ends everything for a shutdown of the node (see {@link Ending}). Nothing is reported to the kernel from now on, since the
   * services shall run again.
   */
  async shutDown(withinMs: number): Promise<Shutdown> {
    this.#supply.end();
    // A kernel in safe mode never begins: what ends now must be heard all the same.
    this.#inputs.begin();
    return this.#ending.begin(withinMs);
  }

  /**
   * Closes the cells of a tenant that is gone; resolves when they have ended. One that has not answered may be among them:
   * its last words must not be taken for those of another tenant of this name.
   */
  async retire(tenant: TenantId): Promise<void> {
    const late = this.#roster.all.filter(({ origin, phase }) => origin === "late" && phase.name === "greeting");
    await Promise.all(late.map(({ welcomed }) => welcomed));
    const own = this.#roster.of(tenant);
    for (const cell of own) this.#powers.init.kill(cell.number, { type: "closed" });
    await Promise.all(own.map(({ gone }) => gone));
  }

  // ------------------------------------------------------------------ init's news

  spawned(news: LivingCell): void {
    const cell = this.#roster.find(news.cell);
    if (cell?.phase.name !== "spawning") return;
    cell.osPid = news.osPid;
    this.#greet(cell, news.socket);
  }

  /** `turns`: what was under way in it; undefined: nobody knows. */
  exited(number: CellNumber, loss: CellLoss, turns?: DeadCell["turns"]): void {
    const cell = this.#roster.find(number);
    if (cell === undefined) return this.#powers.init.acknowledgeExit(number);
    cell.turns = turns;
    const link = cell.phase.name === "open" ? cell.phase.link : undefined;
    if (link === undefined || link.isClosed || this.#closed) return this.#losses.lose(cell, loss);
    // What it said last is still being read, and may be the truer reason. Its pipe ends soon: its process has.
    cell.ended = loss;
    this.#powers.timing.after(lastWordsMsMax, () => this.#losses.lose(cell, loss));
  }

  // ------------------------------------------------------------------ asked

  /** Uses of a tenant's incarnations (of the named ones, or of all), as far as its cells answer in time. */
  usage(tenant: TenantId, incarnations?: readonly IncarnationNumber[]): Promise<ReadonlyMap<IncarnationNumber, Usage>> {
    return usageIn(this.#roster.of(tenant), incarnations);
  }

  /** Whether it is in a cell, and not known to have ended. */
  holds(tenant: TenantId, incarnation: IncarnationNumber): boolean {
    const cell = this.#roster.at(tenant, incarnation);
    return cell !== undefined && cell.phase.name !== "lost" && cell.held.get(incarnation)?.phase !== "stopping";
  }

  /** These services, and no others, take nothing new for now. What starts meanwhile is told with the next list. */
  throttle(services: readonly { readonly tenant: TenantId; readonly service: ServiceId }[]): void {
    throttle(this.#roster.all, services);
  }

  /** These cells, and no others, take no further incarnations for now: what comes next for their tenants gets other cells. */
  seal(full: ReadonlySet<CellNumber>): void {
    for (const cell of this.#roster.all) cell.sealed = full.has(cell.number);
  }

  /** The processes that there are, whose they are, and how many isolates each holds. */
  census(): readonly CensusRow[] {
    return this.#roster.all.map(rowOf);
  }

  [Symbol.dispose](): void {
    this.#closed = true;
    this.#supply.end();
    this.#cancelSweep();
    for (const cell of this.#roster.all) {
      if (cell.phase.name === "open" || cell.phase.name === "greeting") cell.phase.link[Symbol.dispose]();
    }
  }

  #sweep(): void {
    this.closeEmpty(this.#powers.settings.emptyMsMax);
    for (const cell of this.#supply.surplus) this.#close(cell);
    this.#cancelSweep = this.#powers.timing.after(sweepEveryMs, () => this.#sweep());
  }

  /** Closes the cells of tenants in which nothing has been for so long. */
  closeEmpty(forMs = 0): void {
    for (const cell of this.#roster.all) {
      if (cell.tenant === undefined || cell.held.size > 0 || cell.phase.name !== "open") continue;
      if (this.#powers.timing.nowMs() - cell.emptySinceMs < forMs) continue;
      this.#close(cell);
    }
  }

  #close(cell: Cell): void {
    this.#powers.init.kill(cell.number, { type: "closed" });
    this.#losses.lose(cell, { type: "closed" });
  }

  // ------------------------------------------------------------------ talking

  #greet(cell: Cell, socket: string): void {
    const { epoch, init } = this.#powers;
    greet(
      cell,
      { socket, epoch },
      {
        welcome: (link, welcome) => this.#welcome(cell, link, welcome),
        message: (link, message, body) => this.#reports.hear(cell, link, message, body),
        closed: () => {
          if (cell.ended !== undefined) return this.#losses.lose(cell, cell.ended);
          this.#losses.unroute(cell);
        },
        kill: (loss) => init.kill(cell.number, loss),
        isLeaving: () => this.#closed,
      },
      this.#powers,
    );
  }

  #welcome(cell: Cell, link: CellLink, welcome: Welcome): void {
    if (cell.phase.name !== "greeting") return;
    const problem = this.#adoption.welcomed(cell, link, welcome);
    if (problem !== undefined) return this.#powers.init.kill(cell.number, { type: "protocol", problem });
    cell.open(link, welcome);
    if (welcome.tenant === undefined && cell.tenant !== undefined) link.send({ type: "adopt", tenant: cell.tenant });
  }

  #endEarly(cell: Cell, held: Held, tenant: TenantId, death: Death): void {
    if (cell.held.get(held.incarnation) !== held) return;
    this.#forget(cell, tenant, held);
    this.#inputs.submit({ type: "ended", tenant, incarnation: held.incarnation, death, started: false });
  }

  #forget(cell: Cell, tenant: TenantId, held: Held): void {
    this.#powers.router.remove(tenant, held.service, held.incarnation);
    this.#roster.unplace(cell, tenant, held);
    cell.logGates.delete(held.incarnation);
    if (cell.held.size === 0) cell.emptySinceMs = this.#powers.timing.nowMs();
    this.#ending.look();
  }
}
