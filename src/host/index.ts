/**
 * host: ACTS. Does what the kernel decided: places incarnations in cells, routes messages to them, asks the builder; and
 * reports what became of it. May assume nothing of cells: they are hostile. Keeps P4 (nothing waits in vain, every loss has
 * its reason) and P5 (a new kernel finds the cells as they are).
 */
export type { BreakerPolicy } from "./breaker.ts";
export { Breakers, type BreakersPowers } from "./breakers.ts";
export { Builder, type Compiled } from "./builder.ts";
export { type Connect, connectToCell } from "./cell-link.ts";
export { Cells } from "./cells.ts";
export type { CellsPowers, CellsSettings } from "./cells-powers.ts";
export type { Held } from "./cell.ts";
export type { Channel } from "./pipe.ts";
export { type Timing, timing } from "./timing.ts";
export type { Life } from "./slots.ts";
export { type Absence, type Routed, Router, type RouterPowers } from "./router.ts";
