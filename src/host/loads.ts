/**
 * The way of an incarnation's code into its cell. What a cell has not read yet stays in the kernel's memory, and hundreds may
 * start at once, after a loss or with the node: so few are prepared at a time for each cell, and nothing is sent to one that
 * has much to read.
 *
 *   placed ─▶ its cell is open ─▶ its turn has come ─▶ artifacts ─▶ its cell reads ─▶ sent: starting
 */
import { type Death, isRefusal, type TenantId } from "../base/index.ts";
import type { Effect } from "../kernel/index.ts";
import type { Cell, Held } from "./cell.ts";
import type { CellsPowers } from "./cells-powers.ts";
import { loadOf, unloadable } from "./load.ts";

export interface LoadsPowers extends Pick<CellsPowers, "artifact"> {
  /** It ends before it was sent. */
  readonly endEarly: (cell: Cell, held: Held, tenant: TenantId, death: Death) => void;
}

type Start = Pick<Extract<Effect, { readonly type: "start" }>, "tenant" | "release" | "probation">;

export class Loads {
  readonly #powers: LoadsPowers;

  constructor(powers: LoadsPowers) {
    this.#powers = powers;
  }

  /** Unless it is stopped, or lost with its cell, before it is sent: whoever did that has reported it. */
  async load(cell: Cell, held: Held, { release, tenant, probation }: Start): Promise<void> {
    const { artifact, endEarly } = this.#powers;
    const link = await cell.opened;
    if (link === undefined) return;
    const isAwaited = (): boolean =>
      !link.isClosed && cell.held.get(held.incarnation) === held && held.phase === "placed";
    await cell.loads.enter();
    try {
      if (!isAwaited()) return;
      const [code, environment] = await Promise.all([
        artifact(tenant, release.compiled),
        release.environment === undefined ? undefined : artifact(tenant, release.environment),
      ]);
      while (link.isChoked && !link.isClosed) await link.drained;
      if (!isAwaited()) return;
      if (isRefusal(code)) return endEarly(cell, held, tenant, unloadable(code));
      if (environment !== undefined && isRefusal(environment)) {
        return endEarly(cell, held, tenant, unloadable(environment));
      }
      held.phase = "starting";
      link.send(loadOf(held, release, environment, probation), code);
    } finally {
      cell.loads.leave();
    }
  }
}
