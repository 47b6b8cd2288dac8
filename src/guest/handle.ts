/**
 * What a guest may hold and hand on, but not make: references, and later capabilities. In a message's body it is only the
 * number of a slot; what the slot means travels beside the text and is translated by the cell.
 */
export class Handle {
  readonly #branded = true;

  /** Not by its looks: a copy or an imitation of a handle is none. */
  static is(value: object): value is Handle {
    return #branded in value && value.#branded;
  }
}
