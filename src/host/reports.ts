/**
 * What cells say, believed only of what was placed in them: calls and messages go on to the router, lines to the logs, and
 * starts and ends to the kernel, one after the other for each cell.
 *
 *   report ─▶ once the kernel has taken over ─▶ input ─▶ durable ─▶ acknowledged: the cell may forget it
 */
import type { Death, TenantId } from "../base/index.ts";
import type { CellReport } from "../wire/index.ts";
import type { Cell, Held } from "./cell.ts";
import type { CellLink, CellMessage } from "./cell-link.ts";
import type { CellsPowers } from "./cells-powers.ts";
import type { Ending } from "./ending.ts";
import type { Inputs } from "./inputs.ts";
import { LogGate } from "./log-gate.ts";
import { traceMsMax, within } from "./within.ts";

export interface ReportsPowers extends Pick<CellsPowers, "router" | "trace" | "log" | "timing"> {
  readonly inputs: Inputs;
  readonly ending: Pick<Ending, "reported">;
  readonly kill: CellsPowers["init"]["kill"];
  /** It has ended: nothing is held of it any more. */
  readonly forget: (cell: Cell, tenant: TenantId, held: Held) => void;
}

export class Reports {
  readonly #powers: ReportsPowers;

  constructor(powers: ReportsPowers) {
    this.#powers = powers;
  }

  hear(cell: Cell, link: CellLink, message: CellMessage, body: Uint8Array): void {
    if (message.type === "report") return this.#heard(cell, link, message.number, message.report);
    const { tenant } = cell;
    const held = cell.held.get(message.type === "log" ? message.incarnation : message.caller);
    // A cell speaks only for what was placed in it.
    if (tenant === undefined || held === undefined) return;
    switch (message.type) {
      case "log":
        return this.#log(cell, tenant, held, message);
      case "call":
        return this.#powers.router.callFrom(tenant, held, link, message, body);
      case "cast":
      case "send":
        return this.#powers.router.passOn(tenant, held, message, body);
    }
  }

  #log(cell: Cell, tenant: TenantId, held: Held, line: Extract<CellMessage, { readonly type: "log" }>): void {
    const gate = cell.logGates.get(held.incarnation) ?? new LogGate();
    cell.logGates.set(held.incarnation, gate);
    const dropped = gate.take(line.text, this.#powers.timing.nowMs());
    if (dropped === undefined) return;
    this.#powers.log({ tenant, held, level: line.level, text: line.text, dropped: line.dropped + dropped });
  }

  #heard(cell: Cell, link: CellLink, number: number, report: CellReport): void {
    if (cell.isFlooding) {
      this.#powers.kill(cell.number, { type: "protocol", problem: "more reports than it can have" });
      // Nothing more is read of it.
      return link[Symbol.dispose]();
    }
    const held = cell.held.get(report.incarnation);
    if (held === undefined || cell.tenant === undefined || report.type === "started") {
      return cell.inOrder(() => this.#report(cell, link, number, report));
    }
    // No message goes to the dead while the end is being written down.
    held.phase = "stopping";
    this.#powers.router.remove(cell.tenant, held.service, held.incarnation);
    const readable = this.#readable(cell.tenant, held, report.death);
    cell.inOrder(async () => this.#report(cell, link, number, { ...report, death: await readable }));
  }

  async #report(cell: Cell, link: CellLink, number: number, report: CellReport): Promise<void> {
    await this.#powers.inputs.begun;
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
        this.#powers.inputs.submit({ type: "started", tenant, incarnation, cell: cell.number, tookMs }, acknowledge);
      } else {
        const { death, started } = report;
        this.#powers.ending.reported(cell, held, death);
        this.#powers.forget(cell, tenant, held);
        cell.bury(incarnation);
        this.#powers.inputs.submit({ type: "ended", tenant, incarnation, death, started }, acknowledge);
      }
    } else acknowledge();
  }

  #started(tenant: TenantId, held: Held, link: CellLink): void {
    if (held.phase === "stopping") return;
    held.phase = "running";
    this.#powers.router.add(tenant, held, link);
  }

  /** A crash with its stack in the agent's own lines, if they are found in time: a death does not wait for the builder. */
  async #readable(tenant: TenantId, held: Held, death: Death): Promise<Death> {
    if (death.type !== "crashed") return death;
    const { stack: raw } = death.error;
    const stack = await within(
      this.#powers.timing,
      traceMsMax,
      this.#powers.trace(tenant, held.service, held.release, raw),
    );
    return { ...death, error: { ...death.error, stack: stack ?? raw } };
  }
}
