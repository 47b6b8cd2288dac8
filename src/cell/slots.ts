/**
 * References across the boundary of an isolate: the one place where they are translated. A guest holds numbers; what a
 * number means is kept here, per incarnation, and never in anything that a guest could write. A message's body names
 * references by their place in its list of slots, and the list is rewritten for each receiver:
 *
 *   sender's slots  [3, "counter"] ──translate──▶ what they mean ──present──▶ receiver's slots [["worker", 7], ["counter"]]
 *
 * What they mean is what a message carries on its way to another cell. A service's name may be known to anyone in its
 * tenant, and is no secret; an incarnation is reached only by a number that was given. A number that was not given means
 * nothing, and its message is dropped.
 */
import { type IncarnationNumber, limits, parseServiceId } from "../base/index.ts";
import type { Designated, Slots } from "../wire/index.ts";

/** Text of a message's slots. */
const slotsCharsMax = limits.slotsMax * 160;

export class SlotTable {
  readonly #self: Designated;
  readonly #given = new Map<number, Designated>();
  readonly #numbers = new Map<IncarnationNumber, number>();
  #last = 0;

  constructor(self: Designated) {
    this.#self = self;
  }

  /** What the number means to this guest. */
  find(number: number): Designated | undefined {
    return number === 0 ? this.#self : this.#given.get(number);
  }

  /** What a guest's slots mean; undefined if one of them was never given to it, or the text is no list of slots. */
  translate(slots: unknown): Slots | undefined {
    if (typeof slots !== "string" || slots.length > slotsCharsMax) return undefined;
    const wanted = parseList(slots);
    if (wanted === undefined || wanted.length > limits.slotsMax) return undefined;
    const meant: Designated[] = [];
    for (const one of wanted) {
      const designated = typeof one === "number" ? this.find(one) : named(one);
      if (designated === undefined) return undefined;
      meant.push(designated);
    }
    return meant;
  }

  /** The text for this guest's isolate; it holds them from now on. Undefined: it holds too many. */
  present(slots: Slots): string | undefined {
    const shown: (readonly [string, number?])[] = [];
    for (const one of slots) {
      if (one.incarnation === undefined) {
        shown.push([one.service]);
        continue;
      }
      const number = this.#provide(one, one.incarnation);
      if (number === undefined) return undefined;
      shown.push([one.service, number]);
    }
    return JSON.stringify(shown);
  }

  #provide(designated: Designated, incarnation: IncarnationNumber): number | undefined {
    if (incarnation === this.#self.incarnation) return 0;
    const known = this.#numbers.get(incarnation);
    if (known !== undefined) return known;
    if (this.#given.size >= limits.referencesMax) return undefined;
    const number = ++this.#last;
    this.#given.set(number, designated);
    this.#numbers.set(incarnation, number);
    return number;
  }
}

function parseList(text: string): readonly unknown[] | undefined {
  try {
    const list: unknown = JSON.parse(text);
    return Array.isArray(list) ? list : undefined;
  } catch {
    return undefined;
  }
}

function named(name: unknown): Designated | undefined {
  const service = typeof name === "string" ? parseServiceId(name) : undefined;
  return service === undefined ? undefined : { service };
}

/** The number of a target that a guest names by reference (`#7`) and not by name. */
export function numberOfTarget(target: string): number | undefined {
  if (!target.startsWith("#")) return undefined;
  const number = Number(target.slice(1));
  return Number.isSafeInteger(number) && number > 0 ? number : -1;
}
