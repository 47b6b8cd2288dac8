/**
 * wire: the pipe. Every message between kernel, cells, builder and init, as unions with the shapes that parse them, and
 * the frames they travel in. Pure ECMAScript. Keeps P6: what a peer sends is bounded before it is believed.
 */
export * from "./builder.ts";
export * from "./cell.ts";
export * from "./command.ts";
export * from "./frame.ts";
export * from "./guest.ts";
export * from "./init.ts";
export * from "./words.ts";
