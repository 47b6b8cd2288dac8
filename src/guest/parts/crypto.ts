/**
 * `crypto`: random values, and of `subtle` what services need: digests, HMAC, AES-GCM, HKDF, ECDSA and Ed25519. The cell
 * computes; what crosses is base64.
 */
import { asks } from "../../wire/index.ts";
import type { Kit } from "../parts.ts";
import { bytesOf, decode, fail } from "./crypto/bytes.ts";
import { CryptoKey } from "./crypto/key.ts";
import { permission, SubtleCrypto } from "./crypto/subtle.ts";
import { withNames } from "./platform.ts";

/** Random bytes at once. */
const randomBytesMax = 65_536;

class Crypto {
  readonly #random: (count: number) => Uint8Array<ArrayBuffer>;
  readonly #subtle: SubtleCrypto;

  constructor(by: unknown, { ask }: Kit) {
    if (by !== permission) throw new TypeError("it is crypto");
    this.#random = (count) => decode(ask(asks.random, count) ?? "");
    const act = (operation: string, ...args: readonly string[]): unknown => {
      const answer = JSON.parse(ask(asks.cryptography, operation, JSON.stringify(args)) ?? "{}") as Answer;
      return answer.no === undefined ? answer.is : fail(answer.name ?? "OperationError", answer.no);
    };
    this.#subtle = new SubtleCrypto(permission, act, this.#random);
  }

  get subtle(): SubtleCrypto {
    return this.#subtle;
  }

  getRandomValues<T extends ArrayBufferView>(into: T): T {
    if (!ArrayBuffer.isView(into) || into instanceof DataView || isOfFractions(into)) {
      fail("TypeMismatchError", "random values are whole numbers, in a typed array");
    }
    const target = bytesOf(into);
    if (target.length > randomBytesMax) fail("QuotaExceededError", `at most ${randomBytesMax} random bytes at once`);
    target.set(this.#random(target.length));
    return into;
  }

  randomUUID(): string {
    const raw = this.#random(16);
    raw[6] = ((raw[6] ?? 0) & 0x0f) | 0x40;
    raw[8] = ((raw[8] ?? 0) & 0x3f) | 0x80;
    const hex = Array.from(raw, (byte) => byte.toString(16).padStart(2, "0")).join("");
    return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
  }
}

interface Answer {
  readonly is?: unknown;
  readonly no?: string;
  readonly name?: string;
}

const isOfFractions = (view: object): boolean => Object.prototype.toString.call(view).startsWith("[object Float");

export function make(kit: Kit): object {
  return withNames({ crypto: new Crypto(permission, kit), Crypto, CryptoKey, SubtleCrypto });
}
