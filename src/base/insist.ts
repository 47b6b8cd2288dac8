/** A broken invariant: a bug in Solo, never a user's mistake. It ends its component, whose supervisor restarts it. */
export class Bug extends Error {
  override readonly name = "Bug";
}

/** Asserts what the code around it believes. Throws {@link Bug}. */
export function insist(holds: boolean, belief: string): asserts holds {
  if (!holds) throw new Bug(belief);
}

/** The end of a switch over a union: does not compile until every case is answered. */
export function never(unanswered: never): never {
  throw new Bug(`unanswered case: ${JSON.stringify(unanswered)}`);
}

/** The value that must be there. */
export function defined<T>(value: T | undefined, what: string): T {
  if (value === undefined) throw new Bug(`${what} must be defined`);
  return value;
}
