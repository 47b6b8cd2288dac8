/** What a kernel with a bug would do: put into a run to see that the checkers find it. A run without one is of Solo as it is. */
import type { Decider, Input } from "../../kernel/index.ts";
import type { SimLog, Storage } from "./storage.ts";

export interface Flaw {
  readonly decider?: Decider;
  readonly log?: (log: SimLog) => SimLog;
  readonly storage?: (storage: Storage) => Storage;
  /** Between the host and the turns. */
  readonly submit?: (submit: (input: Input) => Promise<void>) => (input: Input) => Promise<void>;
  /** What a kernel says that it found at its start. */
  readonly found?: <T extends { readonly survivors: readonly unknown[]; readonly exits: readonly unknown[] }>(
    of: T,
  ) => T;
}
