/** Algorithms by their names and parameters, and what their keys may be used for: as the Web Cryptography API says. */
import { fail } from "./bytes.ts";

export type Algorithm = string | { readonly name: string; readonly [parameter: string]: unknown };

/** An algorithm as it was asked for, under its own name. */
export interface Asked<Name extends string = string> {
  readonly name: Name;
  readonly [parameter: string]: unknown;
}

const hashBits = { "SHA-1": 160, "SHA-256": 256, "SHA-384": 384, "SHA-512": 512 } as const;
export type HashName = keyof typeof hashBits;
export const hashNames = Object.keys(hashBits) as HashName[];

export const keyNames = ["HMAC", "AES-GCM", "HKDF", "ECDSA", "Ed25519"] as const;
export type KeyName = (typeof keyNames)[number];

/** Throws NotSupportedError if it is none of `names`, and TypeError if it has no name. */
export function ask<Name extends string>(algorithm: unknown, names: readonly Name[]): Asked<Name> {
  const isObject = typeof algorithm === "object" && algorithm !== null;
  const given: unknown = isObject ? (algorithm as { readonly name?: unknown }).name : algorithm;
  if (isObject && given === undefined) throw new TypeError("an algorithm has a name");
  const name = names.find((one) => one.toUpperCase() === String(given).toUpperCase());
  if (name === undefined)
    return fail("NotSupportedError", `${String(given)} is not there: there are ${names.join(", ")}`);
  return isObject ? { ...algorithm, name } : { name };
}

/** The hash in an algorithm's parameters, which must be there. */
export function hashOf({ hash }: Asked): HashName {
  if (hash === undefined) throw new TypeError("the algorithm has a hash");
  return ask(hash, hashNames).name;
}

/** The bits of the block that a hash works on: as many has a key for HMAC, if nothing else is said. */
export const blockBits = (hash: HashName): number => (hashBits[hash] > 256 ? 1_024 : 512);

const usageNames = ["encrypt", "decrypt", "sign", "verify", "deriveKey", "deriveBits", "wrapKey", "unwrapKey"];
export type KeyType = "secret" | "private" | "public";

const usagesOf: Readonly<Record<KeyName, Readonly<Partial<Record<KeyType, readonly string[]>>>>> = {
  HMAC: { secret: ["sign", "verify"] },
  "AES-GCM": { secret: ["encrypt", "decrypt", "wrapKey", "unwrapKey"] },
  HKDF: { secret: ["deriveKey", "deriveBits"] },
  ECDSA: { private: ["sign"], public: ["verify"] },
  Ed25519: { private: ["sign"], public: ["verify"] },
};

/** Usages without repetition. Throws TypeError for what is none. */
export function usagesFrom(given: unknown): readonly string[] {
  const usages = [...new Set(given as Iterable<unknown>)].map(String);
  const wrong = usages.find((usage) => !usageNames.includes(usage));
  if (wrong !== undefined) throw new TypeError(`there is no usage ${wrong}`);
  return usages;
}

/** Throws SyntaxError for usages that such a key cannot have, and for a key that only its owner has and can do nothing. */
export function checkUsages(name: KeyName, types: readonly KeyType[], usages: readonly string[]): void {
  const possible = types.flatMap((type) => usagesOf[name][type] ?? []);
  const wrong = usages.find((usage) => !possible.includes(usage));
  if (wrong !== undefined) fail("SyntaxError", `a key for ${name} is not for ${wrong}`);
  if (usages.length === 0 && !types.includes("public")) fail("SyntaxError", "the key is for nothing");
}

export const curveOf = ({ name, namedCurve }: Asked): string => {
  if (name === "Ed25519") return name;
  if (namedCurve === undefined) throw new TypeError("the algorithm has a namedCurve");
  const curve = ["P-256", "P-384", "P-521"].find((one) => one === namedCurve);
  return curve ?? fail("NotSupportedError", "curves are P-256, P-384 and P-521");
};

export function aesBits(length: unknown, refusal: "OperationError" | "DataError"): number {
  const bits = Number(length);
  return [128, 192, 256].includes(bits) ? bits : fail(refusal, "an AES key has 128, 192 or 256 bits");
}
