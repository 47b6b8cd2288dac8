/** Keys as data: raw bytes, DER (spki, pkcs8) and JSON web keys. */
import { aesBits, type Asked, blockBits, checkUsages, curveOf, hashOf, type KeyName } from "./algorithms.ts";
import { bytesOf, decode, encode, fail, fromUrl, toUrl } from "./bytes.ts";
import { type CryptoKey, type Inside, insideOf, makeKey } from "./key.ts";

/** Asks the cell, which computes. */
export type Do = (operation: string, ...args: readonly string[]) => unknown;

/** A key of a pair, as the cell describes it. */
export interface ForeignKey {
  readonly type: "private" | "public";
  readonly curve: string;
  readonly der: string;
}

type Jwk = Readonly<Record<string, unknown>>;
/** What a key is to be, besides what it is made of. */
type About = Pick<Inside, "extractable" | "usages">;

const formats = ["raw", "pkcs8", "spki", "jwk"];
function formatFrom(format: unknown): string {
  if (!formats.includes(String(format))) throw new TypeError(`formats of keys are ${formats.join(", ")}`);
  return String(format);
}

export function importKey(act: Do, format: unknown, data: unknown, asked: Asked<KeyName>, about: About): CryptoKey {
  const form = formatFrom(format);
  const jwk = form === "jwk" ? jwkFrom(data) : undefined;
  if (asked.name === "ECDSA" || asked.name === "Ed25519") {
    return importPaired(act, form, jwk ?? bytesOf(data), asked, about);
  }
  const raw = jwk === undefined ? bytesOf(data) : undefined;
  if (form !== "raw" && (form !== "jwk" || asked.name === "HKDF"))
    fail("NotSupportedError", `such a key is not ${form}`);
  checkUsages(asked.name, ["secret"], about.usages);
  if (asked.name === "HKDF" && about.extractable) fail("SyntaxError", "a key for HKDF cannot be extractable");
  if (jwk !== undefined) checkJwk(jwk, "oct", asked.name === "HMAC" ? "sig" : "enc", about);
  const bytes = raw ?? fromUrl(jwk?.["k"]);
  const made = makeSecret(asked, bytes, about);
  if (jwk?.["alg"] !== undefined && jwk["alg"] !== jwkAlgorithm(insideOf(made)))
    fail("DataError", "the key is for another algorithm");
  return made;
}

export function makeSecret(asked: Asked<KeyName>, bytes: Uint8Array, about: About): CryptoKey {
  const bits = bytes.length * 8;
  const data = encode(bytes);
  switch (asked.name) {
    case "HMAC": {
      const hash = hashOf(asked);
      const length = asked["length"] === undefined ? bits : Number(asked["length"]);
      if (bits === 0 || length > bits || length <= bits - 8) fail("DataError", `the key has ${bits} bits`);
      return makeKey({ ...about, type: "secret", algorithm: { name: asked.name, length }, hash, data });
    }
    case "AES-GCM": {
      const length = aesBits(bits, "DataError");
      return makeKey({ ...about, type: "secret", algorithm: { name: asked.name, length }, data });
    }
    default:
      return makeKey({ ...about, type: "secret", algorithm: { name: asked.name }, data });
  }
}

/** As many bits as a key has that is generated or derived. */
export function bitsOf(asked: Asked<KeyName>): number {
  if (asked.name === "AES-GCM") return aesBits(asked["length"], "OperationError");
  if (asked.name !== "HMAC") return fail("NotSupportedError", `keys for ${asked.name} have no length`);
  const hash = hashOf(asked);
  const bits = asked["length"] === undefined ? blockBits(hash) : Number(asked["length"]);
  return bits > 0 && bits % 8 === 0 ? bits : fail("OperationError", "a key for HMAC has whole bytes, and some");
}

function importPaired(act: Do, form: string, data: Jwk | Uint8Array, asked: Asked<KeyName>, about: About): CryptoKey {
  const curve = curveOf(asked);
  const isPrivate = form === "pkcs8" || (!(data instanceof Uint8Array) && data["d"] !== undefined);
  checkUsages(asked.name, [isPrivate ? "private" : "public"], about.usages);
  if (!(data instanceof Uint8Array)) checkPairedJwk(data, curve, about);
  const found = orDataError(() =>
    act("importKey", form, curve, data instanceof Uint8Array ? encode(data) : JSON.stringify(data)),
  ) as ForeignKey;
  if (found.curve !== curve) fail("DataError", `the key is on ${found.curve}`);
  return makePaired(found, about);
}

export function makePaired({ type, curve, der }: ForeignKey, about: About): CryptoKey {
  const algorithm = curve === "Ed25519" ? { name: "Ed25519" as const } : { name: "ECDSA" as const, namedCurve: curve };
  return makeKey({ ...about, type, algorithm, data: der });
}

/** Whatever the cell has against the bytes of a key is a fault of those. */
function orDataError(work: () => unknown): unknown {
  try {
    return work();
  } catch (error) {
    return (error as Error).name === "OperationError"
      ? fail("DataError", (error as Error).message)
      : fail((error as Error).name, (error as Error).message);
  }
}

function jwkFrom(data: unknown): Jwk {
  if (typeof data !== "object" || data === null || ArrayBuffer.isView(data) || data instanceof ArrayBuffer) {
    throw new TypeError("a JSON web key is an object");
  }
  return data as Jwk;
}

function checkJwk(jwk: Jwk, kty: string, purpose: string, { extractable, usages }: About): void {
  const { kty: kind, use, key_ops: operations, ext } = jwk;
  if (kind !== kty) fail("DataError", `the key's kty is ${kty}`);
  if (use !== undefined && usages.length > 0 && use !== purpose) fail("DataError", `the key's use is ${purpose}`);
  if (operations !== undefined && !(Array.isArray(operations) && usages.every((usage) => operations.includes(usage)))) {
    fail("DataError", "the key is not for that");
  }
  if (ext === false && extractable) fail("DataError", "the key must not be extractable");
}

function checkPairedJwk(jwk: Jwk, curve: string, about: About): void {
  checkJwk(jwk, curve === "Ed25519" ? "OKP" : "EC", "sig", about);
  if (jwk["crv"] !== curve) fail("DataError", `the key is not on ${curve}`);
  fromUrl(jwk["x"]);
  if (curve !== "Ed25519") fromUrl(jwk["y"]);
  if (jwk["d"] !== undefined) fromUrl(jwk["d"]);
}

const jwkAlgorithm = ({ algorithm: { name, length }, hash }: Inside): string =>
  name === "HMAC" ? `HS${(hash ?? "").slice(4)}` : `A${length ?? 0}GCM`;

export function exportKey(act: Do, format: unknown, key: unknown): unknown {
  const form = formatFrom(format);
  const inside = insideOf(key);
  const { algorithm, type, extractable, usages, data } = inside;
  if (algorithm.name === "HKDF") fail("NotSupportedError", "a key for HKDF cannot be exported");
  if (!extractable) fail("InvalidAccessError", "the key is not extractable");
  if (type === "secret") {
    if (form === "raw") return decode(data).buffer;
    if (form !== "jwk") fail("NotSupportedError", `such a key is not ${form}`);
    return { kty: "oct", k: toUrl(decode(data)), alg: jwkAlgorithm(inside), ext: true, key_ops: [...usages] };
  }
  if (form === "jwk") {
    const jwk = act("exportKey", "jwk", type, data) as object;
    const more = algorithm.name === "Ed25519" ? { alg: "Ed25519" } : {};
    return { ...jwk, ...more, ext: true, key_ops: [...usages] };
  }
  if ((form === "pkcs8") !== (type === "private")) fail("InvalidAccessError", `a ${type} key is not ${form}`);
  return form === "raw" ? decode(act("exportKey", "raw", type, data) as string).buffer : decode(data).buffer;
}
