/**
 * kernel: DECIDES. `decide(state, input, now)` is pure and says what happens; `evolve(state, event)` is total and alone
 * changes the state; replaying the log through `evolve` rebuilds it. No clock, no randomness, no I/O.
 * Keeps P3 (nothing is believed that the log does not hold) and P4 (every end has its reason).
 */
export * from "./event.ts";
export * from "./state.ts";
export * from "./turn.ts";
