/**
 * builder: COMPILES tenant source, in a process of its own since parsers meet hostile input here, and makes the guest
 * image that cells start from. May assume nothing about what it is handed. Keeps P1 (a parser that dies takes nobody along)
 * and P6 (sources, caches and stacks are bounded).
 */
export { type GuestImage, type ImageOptions, provideImage } from "./image.ts";
