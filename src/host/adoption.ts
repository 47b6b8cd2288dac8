/**
 * What an earlier kernel left (P5): its cells go on as they are, and what they say they hold is believed as far as the state
 * bears it out.
 *
 *   found ─┬─ welcome ───────▶ checked ──▶ open
 *          ├─ nothing yet ───▶ late: it holds what the log says ── welcome ──▶ checked ──▶ open
 *          └─ its end ───────▶ told with `exits`
 */
import type { CellLoss, IncarnationNumber, ServiceId, TenantId } from "../base/index.ts";
import type { Survivor } from "../kernel/index.ts";
import type { DeadCell, LivingCell } from "../wire/index.ts";
import { Cell, type Tier } from "./cell.ts";
import type { CellLink, Welcome } from "./cell-link.ts";
import type { CellsPowers } from "./cells-powers.ts";
import type { Inputs } from "./inputs.ts";
import type { Roster } from "./roster.ts";
import { Sought, type StopOrder } from "./sought.ts";
import { within } from "./within.ts";

export interface AdoptionPowers extends Pick<
  CellsPowers,
  "router" | "releaseOf" | "residents" | "unplaced" | "timing"
> {
  readonly roster: Roster;
  readonly inputs: Inputs;
  readonly greet: (cell: Cell, socket: string) => void;
}

type Found = Welcome["incarnations"][number];

/** A kernel that comes back waits so long for the cells that it finds. */
const adoptionMsMax = 150;

export class Adoption {
  readonly #powers: AdoptionPowers;
  /** What may be in cells that have not answered. */
  readonly #sought = new Sought();
  /** While cells are adopted: the ends of those that had not been heard yet. */
  #unheard: DeadCell[] | undefined;

  constructor(powers: AdoptionPowers) {
    this.#powers = powers;
  }

  /**
   * Connects to the cells that an earlier kernel left running and tells what they hold; and how those ended that did so
   * before they could be heard. What these held only the state knows: their loss is the asker's to record and acknowledge.
   * One cell that is busy must not hold up the others: it is believed to hold what the log says, and joins when it answers.
   */
  async adopt(
    living: readonly LivingCell[],
  ): Promise<{ readonly survivors: readonly Survivor[]; readonly exits: readonly DeadCell[] }> {
    const { roster } = this.#powers;
    const cells = living.map(({ cell: number, socket, osPid, tenant, tier }) => {
      const cell = new Cell(number);
      cell.osPid = osPid;
      cell.assigned = tenant === undefined ? undefined : { tenant, tier };
      cell.origin = "found";
      roster.add(cell);
      this.#powers.greet(cell, socket);
      return cell;
    });
    const exits: DeadCell[] = [];
    this.#unheard = exits;
    const all = await within(this.#powers.timing, adoptionMsMax, Promise.all(cells.map(({ welcomed }) => welcomed)));
    this.#unheard = undefined;
    const late = all === undefined ? cells.filter(({ phase }) => phase.name === "greeting") : [];
    for (const cell of late) this.#believe(cell);
    const survivors = cells.flatMap((cell) =>
      [...cell.held.values()].flatMap(({ service, incarnation, phase }): Survivor[] =>
        cell.tenant === undefined || phase === "placed"
          ? []
          : [{ tenant: cell.tenant, service, incarnation, cell: cell.number, phase }],
      ),
    );
    const unplaced = this.#powers.unplaced().filter((one) => roster.at(one.tenant, one.incarnation) === undefined);
    return { survivors: [...survivors, ...this.#sought.seek(unplaced, late)], exits };
  }

  /** Takes up what the cell says it holds. Returns what is wrong with what it says: then it is not believed at all. */
  welcomed(cell: Cell, link: CellLink, welcome: Welcome): string | undefined {
    const { roster } = this.#powers;
    const owner = cell.tenant ?? cell.assigned?.tenant;
    if (welcome.tenant !== undefined) {
      // A cell is no witness to whose it is: init remembers what kernels decided.
      if (welcome.tenant !== owner) return "it says it is another tenant's";
      const known = this.#whatMayBeIn(cell, welcome.tenant);
      const [sound, strays] = partition(welcome.incarnations, (found) => known.has(keyOf(found)));
      roster.give(cell, welcome.tenant, this.#tierOf(cell, welcome.tenant, sound));
      for (const found of sound) this.#meet(cell, welcome.tenant, found, link);
      for (const { incarnation } of strays) endStray(cell, link, incarnation);
    }
    // An earlier kernel gave it away, and ended before it could tell it so.
    else if (owner !== undefined && cell.tenant === undefined) roster.give(cell, owner, cell.assigned?.tier ?? "user");
    this.heard(cell);
    return undefined;
  }

  /** It has said what it holds, or has ended: what it might have held, and no other cell can, is missing. */
  heard(cell: Cell): void {
    const { inputs } = this.#powers;
    for (const { tenant, incarnation } of this.#sought.heard(cell)) {
      void inputs.begun.then(() => inputs.submit({ type: "missing", tenant, incarnation }));
    }
  }

  /** To be told when it is found in a cell that has not answered. False: it is not sought. */
  tell(at: { readonly tenant: TenantId; readonly incarnation: IncarnationNumber }, order: StopOrder): boolean {
    return this.#sought.tell(at, order);
  }

  /** Takes the end of a cell that is being adopted and was not heard yet. False: its end is not for `adopt` to tell. */
  takeUnheard(cell: Cell, loss: CellLoss): boolean {
    if (this.#unheard === undefined || cell.phase.name !== "greeting") return false;
    this.#powers.roster.remove(cell);
    this.#unheard.push({ cell: cell.number, loss, ...(cell.turns === undefined ? {} : { turns: cell.turns }) });
    return true;
  }

  /** A cell that is too busy to answer holds what the log says, until it says so itself or turns out to be dead. */
  #believe(cell: Cell): void {
    cell.origin = "late";
    const residents = this.#powers.residents(cell.number);
    const [first] = residents;
    if (first === undefined) return;
    const { roster } = this.#powers;
    roster.give(cell, first.tenant, this.#tierOf(cell, first.tenant, residents));
    for (const { tenant, service, instance, incarnation } of residents) {
      const release = this.#powers.releaseOf(tenant, service);
      roster.place(cell, tenant, { service, instance, incarnation, release, throttled: true, phase: "running" });
    }
  }

  /** An incarnation that lives in a cell of an earlier kernel. */
  #meet(cell: Cell, tenant: TenantId, found: Found, link: CellLink): void {
    const { incarnation } = found;
    const believed = cell.held.get(incarnation);
    const sought = this.#sought.find({ tenant, incarnation });
    if (believed === undefined && sought === undefined && cell.origin === "late") {
      // The kernel believes it dead, and may have started its successor: it must not live beside that.
      return endStray(cell, link, incarnation);
    }
    const held = believed ?? { ...found, throttled: true, release: this.#powers.releaseOf(tenant, found.service) };
    if (believed === undefined) this.#powers.roster.place(cell, tenant, held);
    if (sought?.order !== undefined) {
      held.phase = "stopping";
      link.send(sought.order);
    }
    if (found.phase === "running" && held.phase === "running") this.#powers.router.add(tenant, held, link);
  }

  /** By the state, which a cell cannot alter: it may not pass for another's life, or for one that the log puts elsewhere. */
  #whatMayBeIn({ number }: Cell, tenant: TenantId): ReadonlySet<string> {
    const all = [...this.#powers.residents(number), ...this.#powers.unplaced()];
    return new Set(all.filter((one) => one.tenant === tenant).map(keyOf));
  }

  /** A cell holds services of one tier, for ever: init remembers of which. Else what one of them is, all are. */
  #tierOf(cell: Cell, tenant: TenantId, held: readonly { readonly service: ServiceId }[]): Tier {
    if (cell.assigned?.tier !== undefined) return cell.assigned.tier;
    const releases = held.map(({ service }) => this.#powers.releaseOf(tenant, service));
    return releases.some((release) => release?.tier === "system") ? "system" : "user";
  }
}

const keyOf = ({ service, instance, incarnation }: Pick<Found, "service" | "instance" | "incarnation">): string =>
  `${service} ${instance} ${incarnation}`;

/** Those of which it holds, and the others. */
function partition<T>(all: readonly T[], holds: (one: T) => boolean): readonly [readonly T[], readonly T[]] {
  return [all.filter(holds), all.filter((one) => !holds(one))];
}

/** A thread of it may run on in the cell. */
function endStray(cell: Cell, link: CellLink, incarnation: IncarnationNumber): void {
  cell.bury(incarnation);
  link.send({ type: "stop", incarnation, death: { type: "stopped", why: "replaced" }, graceMs: 0 });
}
