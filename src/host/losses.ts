/**
 * How the end of a cell becomes the deaths of what it held (P4): each ends with the true reason, and nothing that waited for
 * it is left waiting.
 *
 *   lose ─▶ its callers are told ─▶ its last reports are taken ─▶ each that it still held is lost ─▶ durable ─▶ acknowledged
 */
import type { CellLoss, IncarnationNumber, TenantId } from "../base/index.ts";
import { sayLoss } from "../base/index.ts";
import type { Adoption } from "./adoption.ts";
import { atWork } from "./at-work.ts";
import type { Cell, Held } from "./cell.ts";
import type { CellsPowers } from "./cells-powers.ts";
import type { Ending } from "./ending.ts";
import type { Inputs } from "./inputs.ts";
import type { Roster } from "./roster.ts";
import type { Supply } from "./supply.ts";

export interface LossesPowers extends Pick<CellsPowers, "router"> {
  readonly roster: Pick<Roster, "remove">;
  readonly supply: Pick<Supply, "lost" | "keepWarm">;
  readonly adoption: Pick<Adoption, "heard" | "takeUnheard">;
  readonly inputs: Inputs;
  readonly ending: Pick<Ending, "lost">;
  readonly acknowledgeExit: CellsPowers["init"]["acknowledgeExit"];
  /** It has ended: nothing is held of it any more. */
  readonly forget: (cell: Cell, tenant: TenantId, held: Held) => void;
}

export class Losses {
  readonly #powers: LossesPowers;

  constructor(powers: LossesPowers) {
    this.#powers = powers;
  }

  /** The cell has ended, or is to be taken for ended. Told again, it is lost already. */
  lose(cell: Cell, loss: CellLoss): void {
    if (cell.phase.name === "lost") return;
    const link = cell.phase.name === "spawning" ? undefined : cell.phase.link;
    const busy = cell.suspects ?? link?.busy ?? new Set<IncarnationNumber>();
    const isToldByAdoption = this.#powers.adoption.takeUnheard(cell, loss);
    cell.lose();
    this.#powers.adoption.heard(cell);
    link?.conclude(`its cell was lost: ${sayLoss(loss)}`);
    link?.[Symbol.dispose]();
    if (isToldByAdoption) return;
    this.unroute(cell);
    // After the reports that the cell managed to send: those are the truer reasons.
    cell.inOrder(async () => {
      await this.#powers.inputs.begun;
      this.#lost(cell, loss, busy);
    });
    // One that we closed says nothing of whether others can start.
    if (loss.type !== "closed") this.#powers.supply.lost(cell);
    this.#powers.supply.keepWarm();
  }

  /** What is sent to its services from now on waits for their next lives. */
  unroute({ tenant, held }: Cell): void {
    if (tenant === undefined) return;
    for (const { service, incarnation } of held.values()) this.#powers.router.remove(tenant, service, incarnation);
  }

  #lost(cell: Cell, loss: CellLoss, busy: ReadonlySet<IncarnationNumber>): void {
    const { tenant } = cell;
    const held = [...cell.held.values()];
    const { victims, ...known } = atWork(held, {
      turns: cell.turns,
      busy,
      ended: cell.buried,
      isFound: cell.origin !== "made",
    });
    for (const [at, one] of held.entries()) {
      const inFlight = victims[at]?.inFlight === true ? "yes" : "no";
      this.#powers.ending.lost(cell, one, { type: "cell_lost", loss, inFlight });
      if (tenant !== undefined) this.#powers.forget(cell, tenant, one);
    }
    this.#powers.roster.remove(cell);
    const acknowledge = (): void => this.#powers.acknowledgeExit(cell.number);
    // One that was nobody's and held nothing is no matter of record: init's log has its end.
    if ((loss.type === "closed" || tenant === undefined) && victims.length === 0) return acknowledge();
    const whose = tenant === undefined ? {} : { tenant };
    this.#powers.inputs.submit(
      { type: "cell_lost", cell: cell.number, loss, victims, ...known, ...whose },
      acknowledge,
    );
  }
}
