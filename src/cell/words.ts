/** Text of guests on its way into a frame's header: bounded, well-formed, and small in JSON whatever it holds. */
import type { GuestError } from "../base/index.ts";

/** Control characters other than tab and newline: each would take six bytes in JSON. */
const controls = /[\u0000-\u0008\u000b-\u001f\u007f]/g;

export const cleanText = (text: unknown, lengthMax: number): string =>
  typeof text === "string" ? text.slice(0, lengthMax).toWellFormed().replace(controls, "\ufffd") : "";

export const cleanError = (name: unknown, message: unknown, stack: unknown): GuestError => ({
  name: cleanText(name, 128),
  message: cleanText(message, 2_000),
  stack: cleanText(typeof stack === "string" ? guestFrames(stack) : stack, 8_000),
});

/** A stack without the prelude's own frames: they tell an author nothing. */
export const guestFrames = (stack: string): string =>
  stack
    .split("\n")
    .filter((line) => !line.includes("solo:prelude") && !line.includes("<isolated-vm boundary>"))
    .join("\n");
