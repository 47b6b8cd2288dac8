/** Who lives in this cell: by incarnation, and by service name for calls between services. */
import type { IncarnationNumber } from "../base/index.ts";
import type { Incarnation } from "./incarnation.ts";

/** Ends remembered, newest last: of one that is forgotten the kernel is asked. */
const endsKeptMax = 10_000;

interface Instances {
  readonly all: Incarnation[];
  next: number;
}

export class Directory {
  readonly #byId = new Map<IncarnationNumber, Incarnation>();
  readonly #byService = new Map<string, Instances>();
  readonly #ended = new Set<IncarnationNumber>();

  get size(): number {
    return this.#byId.size;
  }

  find(id: IncarnationNumber): Incarnation | undefined {
    return this.#byId.get(id);
  }

  /** It lived here, and ended. */
  hasEnded(id: IncarnationNumber): boolean {
    return this.#ended.has(id);
  }

  all(): IterableIterator<Incarnation> {
    return this.#byId.values();
  }

  add(incarnation: Incarnation): void {
    this.#byId.set(incarnation.id, incarnation);
    this.#ended.delete(incarnation.id);
    const { service } = incarnation.birth;
    const instances = this.#byService.get(service);
    if (instances === undefined) this.#byService.set(service, { all: [incarnation], next: 0 });
    else instances.all.push(incarnation);
  }

  remove(incarnation: Incarnation): void {
    this.#byId.delete(incarnation.id);
    this.#ended.add(incarnation.id);
    const [oldest] = this.#ended.size > endsKeptMax ? this.#ended : [];
    if (oldest !== undefined) this.#ended.delete(oldest);
    const { service } = incarnation.birth;
    const instances = this.#byService.get(service);
    if (instances === undefined) return;
    const at = instances.all.indexOf(incarnation);
    if (at >= 0) instances.all.splice(at, 1);
    if (instances.all.length === 0) this.#byService.delete(service);
  }

  /**
   * An instance of the service that takes messages, in turn; rather one that is none of those who wait. Undefined if none
   * lives here: the kernel knows whether there is one elsewhere.
   */
  pick(service: string, waiting: readonly IncarnationNumber[]): Incarnation | undefined {
    const instances = this.#byService.get(service);
    if (instances === undefined) return undefined;
    const { all } = instances;
    let waits: Incarnation | undefined;
    for (let i = 0; i < all.length; i++) {
      const candidate = all[(instances.next + i) % all.length];
      if (candidate === undefined || !candidate.open) continue;
      if (waiting.includes(candidate.id)) {
        waits ??= candidate;
        continue;
      }
      instances.next = (instances.next + i + 1) % all.length;
      return candidate;
    }
    return waits;
  }
}
