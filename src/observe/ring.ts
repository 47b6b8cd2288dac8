/** A bounded list that forgets its oldest. */
export class Ring<T> {
  readonly #items: T[] = [];
  readonly #lengthMax: number;
  #first = 0;

  constructor(lengthMax: number) {
    this.#lengthMax = lengthMax;
  }

  push(item: T): void {
    if (this.#items.length < this.#lengthMax) {
      this.#items.push(item);
      return;
    }
    this.#items[this.#first] = item;
    this.#first = (this.#first + 1) % this.#lengthMax;
  }

  get length(): number {
    return this.#items.length;
  }

  /** The newest `count`, oldest first. */
  newest(count: number): readonly T[] {
    const inOrder = [...this.#items.slice(this.#first), ...this.#items.slice(0, this.#first)];
    return count >= inOrder.length ? inOrder : inOrder.slice(inOrder.length - Math.max(0, count));
  }
}
