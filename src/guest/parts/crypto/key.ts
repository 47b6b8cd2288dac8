/** CryptoKey: what a key is can be read; what it is made of is reached only from here. */
import { fail } from "./bytes.ts";
import type { HashName, KeyName, KeyType } from "./algorithms.ts";

export interface Inside {
  readonly type: KeyType;
  readonly extractable: boolean;
  readonly usages: readonly string[];
  readonly algorithm: { readonly name: KeyName; readonly namedCurve?: string; readonly length?: number };
  /** Of HMAC alone. */
  readonly hash?: HashName;
  /** Base64: raw bytes, or DER. */
  readonly data: string;
}

const permission = Symbol("only subtle makes a key");
let look: (key: CryptoKey) => Inside;
let isKey: (key: unknown) => key is CryptoKey;

export class CryptoKey {
  readonly #inside: Inside;
  readonly #algorithm: object;
  readonly #usages: readonly string[];

  constructor(by: unknown, inside: Inside) {
    if (by !== permission) throw new TypeError("a CryptoKey is made by crypto.subtle");
    const { algorithm, hash, usages } = inside;
    this.#inside = inside;
    this.#algorithm = hash === undefined ? { ...algorithm } : { ...algorithm, hash: { name: hash } };
    this.#usages = [...usages];
  }

  static {
    look = (key) => key.#inside;
    isKey = (key): key is CryptoKey => typeof key === "object" && key !== null && #inside in key;
  }

  get type(): KeyType {
    return this.#inside.type;
  }
  get extractable(): boolean {
    return this.#inside.extractable;
  }
  get algorithm(): object {
    return this.#algorithm;
  }
  get usages(): readonly string[] {
    return this.#usages;
  }
}

export const makeKey = (inside: Inside): CryptoKey => new CryptoKey(permission, inside);

export function insideOf(key: unknown): Inside {
  if (!isKey(key)) throw new TypeError("it is no CryptoKey");
  return look(key);
}

/** The key's inside, for this use of this algorithm. */
export function use(key: unknown, name: KeyName, usage: string): Inside {
  const inside = insideOf(key);
  if (inside.algorithm.name !== name)
    fail("InvalidAccessError", `the key is for ${inside.algorithm.name}, not for ${name}`);
  if (!inside.usages.includes(usage)) fail("InvalidAccessError", `the key is not for ${usage}`);
  return inside;
}
