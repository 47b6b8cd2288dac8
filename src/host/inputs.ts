/**
 * What the cells have to tell the kernel. What they did before it took over waits until it has, and once the node is being
 * shut down nothing is told any more: the services shall run again.
 */
import type { Input } from "../kernel/index.ts";
import type { CellsPowers } from "./cells-powers.ts";
import type { Ending } from "./ending.ts";

export class Inputs {
  readonly #submit: CellsPowers["submit"];
  readonly #ending: Pick<Ending, "isUnderWay">;
  readonly #booted = Promise.withResolvers<void>();

  constructor(submit: CellsPowers["submit"], ending: Pick<Ending, "isUnderWay">) {
    this.#submit = submit;
    this.#ending = ending;
  }

  /** The kernel has taken `booted`: reports may flow. */
  begin(): void {
    this.#booted.resolve();
  }

  get begun(): Promise<void> {
    return this.#booted.promise;
  }

  /** Calls `durable` when the input's events are. */
  submit(input: Input, durable?: () => void): void {
    if (this.#ending.isUnderWay) return;
    // A failed submit is a failed log, which ends the kernel by itself.
    this.#submit(input).then(durable, () => undefined);
  }
}
