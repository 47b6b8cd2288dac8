/**
 * base: the words. Branded ids, refusals, shapes, limits, instants, deaths and assertions that every room speaks.
 * Pure ECMAScript: no clock, no randomness, no I/O, no dependencies.
 */
export * from "./death.ts";
export * from "./ids.ts";
export * from "./insist.ts";
export * from "./instant.ts";
export * from "./limits.ts";
export * from "./refusal.ts";
export * from "./shape.ts";
export * from "./supervision.ts";
