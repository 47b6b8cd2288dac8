/**
 * Parts: what most services never use (the web platform, processes within a service) is not in the prelude, which every
 * isolate holds. It is code that the cell keeps once, and an isolate evaluates when it first uses it.
 */
import { asks, type PartName } from "../wire/index.ts";
import type { FamilyKit } from "./family.ts";
import type { Cell } from "./outbox.ts";
import { evaluate, makeTable } from "./primordials.ts";
import { SoloError } from "./errors.ts";

/** What a part is given: the prelude's own classes, since its code has copies of none. */
export interface Kit {
  readonly ask: Cell["ask"];
  readonly SoloError: typeof SoloError;
  readonly Refusal: new (message: string) => Error;
  /** For processes within a service. */
  readonly family: () => FamilyKit;
  readonly isHandle: (value: object) => boolean;
}

/** What a part exports: one function, which makes what it brings. */
interface Part {
  readonly make: (kit: Kit) => object;
}

export class Parts {
  readonly #kit: Kit;
  readonly #made = makeTable<object>();
  readonly #making = makeTable<true>();

  constructor(kit: Kit) {
    this.#kit = kit;
  }

  /** What the part brings, if it was used. */
  find(name: PartName): object | undefined {
    return this.#made[name];
  }

  /** What the part brings, made on first use. */
  provide(name: PartName): object {
    const known = this.#made[name];
    if (known !== undefined) return known;
    // While it is made it may ask for its own names, to see whether they are there: they are not.
    if (this.#making[name] === true) return makeTable<unknown>();
    this.#making[name] = true;
    const code = this.#kit.ask(asks.part, name);
    if (typeof code !== "string") throw new SoloError("INTERNAL", `this cell has no part ${name}`);
    const part = (evaluate(code) as () => Part)();
    const made = part.make(this.#kit);
    this.#made[name] = made;
    delete this.#making[name];
    return made;
  }
}
