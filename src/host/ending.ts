/**
 * The end of all that cells hold, for a shutdown of the node: from the latest deployed to the first, each within its own
 * grace. `misfits` says of those that ended badly how they did.
 *
 *   begin ──▶ told to stop ──▶ … each one's end is looked at … ──▶ nothing is held, or the time is over
 */
import type { Death, EventId, ServiceId, TenantId } from "../base/index.ts";
import { isAbnormal } from "../base/index.ts";
import type { Input } from "../kernel/index.ts";
import type { Cell, Held } from "./cell.ts";
import type { Roster } from "./roster.ts";
import type { Timing } from "./timing.ts";

type NodeStopped = Extract<Input, { readonly type: "node_stopped" }>;
type Misfit = NonNullable<NodeStopped["misfits"]>[number];
/** How a shutdown went, as the kernel's input says it. */
export type Shutdown = Required<Pick<NodeStopped, "outcome" | "misfits">>;

interface InCell {
  readonly cell: Cell;
  readonly held: Held;
}

/** Of what was not waited for. */
const cutOff: Death = { type: "cell_lost", loss: { type: "closed" }, inFlight: "no" };

export class Ending {
  readonly #roster: Roster;
  readonly #deployedBy: (tenant: TenantId, service: ServiceId) => EventId | undefined;
  readonly #timing: Timing;
  #underWay = false;
  /** Something did not end by itself. */
  #cutOff = false;
  readonly #misfits: Misfit[] = [];
  #emptied: () => void = () => undefined;

  constructor(
    roster: Roster,
    deployedBy: (tenant: TenantId, service: ServiceId) => EventId | undefined,
    timing: Timing,
  ) {
    this.#roster = roster;
    this.#deployedBy = deployedBy;
    this.#timing = timing;
  }

  /** It has begun; it is never over. */
  get isUnderWay(): boolean {
    return this.#underWay;
  }

  /** Resolves when nothing is held any more (`deadline`: something had to be cut off), or after `withinMs`. */
  begin(withinMs: number): Promise<Shutdown> {
    this.#underWay = true;
    this.#cutOff = false;
    const all = this.#roster.all.flatMap((cell) => [...cell.held.values()].map((held) => ({ cell, held })));
    for (const { cell, held } of all.toSorted((a, b) => this.#rightToLeft(a, b))) tellToStop(cell, held, withinMs);
    return new Promise((resolve) => {
      const end = (outcome: Shutdown["outcome"]): void => {
        this.#emptied = () => undefined;
        resolve({ outcome, misfits: this.#misfits });
      };
      const cancel = this.#timing.after(withinMs, () => {
        for (const { cell, held } of all) {
          if (cell.held.get(held.incarnation) === held) this.#misfit(cell, held, cutOff);
        }
        end("deadline");
      });
      this.#emptied = () => {
        if (this.#roster.all.some((cell) => cell.held.size > 0)) return;
        cancel();
        end(this.#cutOff ? "deadline" : "clean");
      };
      this.#emptied();
    });
  }

  /** It has said itself how it ended. */
  reported(cell: Cell, held: Held, death: Death): void {
    this.#cutOff ||= death.type === "shutdown_timeout";
    if (isAbnormal(death)) this.#misfit(cell, held, death);
  }

  /** It was lost with its cell. */
  lost(cell: Cell, held: Held, death: Death): void {
    this.#cutOff = true;
    this.#misfit(cell, held, death);
  }

  /** Something is held no more. */
  look(): void {
    this.#emptied();
  }

  #misfit({ tenant }: Cell, { incarnation }: Held, death: Death): void {
    if (tenant !== undefined && this.#underWay) this.#misfits.push({ tenant, incarnation, death });
  }

  /** The order opposite to that in which services are started: a restart does not move one. */
  #rightToLeft(a: InCell, b: InCell): number {
    const deployed = ({ cell, held }: InCell): number =>
      cell.tenant === undefined ? 0 : (this.#deployedBy(cell.tenant, held.service) ?? 0);
    return deployed(b) - deployed(a) || b.held.instance - a.held.instance;
  }
}

function tellToStop(cell: Cell, held: Held, withinMs: number): void {
  // How it was lost is about to be told.
  if (cell.phase.name === "lost") return;
  if (cell.phase.name !== "open" || held.phase === "placed") {
    cell.held.delete(held.incarnation);
    return;
  }
  const graceMs = Math.floor(Math.min(withinMs, held.release?.limits.shutdownTimeoutMs ?? withinMs));
  held.phase = "stopping";
  const death: Death = { type: "stopped", why: "shutdown" };
  cell.phase.link.send({ type: "stop", incarnation: held.incarnation, death, graceMs });
}
