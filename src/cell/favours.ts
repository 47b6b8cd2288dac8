/** What guests ask and are told before they go on: each question bounded, each answer a text. Runs on the cell's thread. */
import { randomBytes } from "node:crypto";
import { asks } from "../wire/index.ts";
import { askCryptography } from "./cryptography.ts";

const randomBytesMax = 65_536;

export class Favours {
  readonly #parts: Readonly<Record<string, string>>;

  constructor(parts: Readonly<Record<string, string>>) {
    this.#parts = parts;
  }

  /** Undefined: a question that has no answer. Never throws on what a guest says. */
  answer(fields: readonly unknown[]): string | undefined {
    const [what, first, second] = fields;
    switch (what) {
      case asks.part:
        return typeof first === "string" && Object.hasOwn(this.#parts, first) ? this.#parts[first] : undefined;
      case asks.random:
        return Number.isSafeInteger(first) && (first as number) >= 0 && (first as number) <= randomBytesMax
          ? randomBytes(first as number).toString("base64")
          : undefined;
      case asks.cryptography:
        return typeof first === "string" && typeof second === "string" ? askCryptography(first, second) : undefined;
      default:
        return undefined;
    }
  }
}
