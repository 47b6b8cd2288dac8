/**
 * Cryptography for guests: an isolate has none of its own. Each operation is a question with texts in and a text out, and
 * takes at most a few milliseconds of the cell's thread: data is bounded, and there is nothing slow by design (no RSA, no
 * key derivation by repetition). Keys are not kept here: a guest holds their bytes itself.
 */
import {
  createCipheriv,
  createDecipheriv,
  createHash,
  createHmac,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  hkdfSync,
  type KeyObject,
  sign,
  timingSafeEqual,
  verify,
} from "node:crypto";
import { limits } from "../base/index.ts";

/** Base64 of all that an operation is given. */
const textMax = limits.payloadBytesMax * 2;
const tagBytes = [12, 13, 14, 15, 16];
const hashes: Readonly<Record<string, string>> = {
  "SHA-1": "sha1",
  "SHA-256": "sha256",
  "SHA-384": "sha384",
  "SHA-512": "sha512",
};
/** Curves by the name of the web, with OpenSSL's. */
const curves: Readonly<Record<string, string>> = {
  "P-256": "prime256v1",
  "P-384": "secp384r1",
  "P-521": "secp521r1",
};

/** What an operation cannot do, by the name of the web's error. */
class Unfit extends Error {
  override readonly name: string;
  constructor(name: string, message: string) {
    super(message);
    this.name = name;
  }
}

type JsonWebKey = Readonly<Record<string, string>>;

type Operation = (args: readonly string[]) => unknown;

const bytes = (text: string | undefined): Buffer => Buffer.from(text ?? "", "base64");
const base64 = (data: NodeJS.ArrayBufferView | ArrayBuffer): string =>
  (data instanceof ArrayBuffer
    ? Buffer.from(data)
    : Buffer.from(data.buffer, data.byteOffset, data.byteLength)
  ).toString("base64");

function hashOf(name: string | undefined): string {
  const hash = name !== undefined && Object.hasOwn(hashes, name) ? hashes[name] : undefined;
  if (hash === undefined) throw new Unfit("NotSupportedError", `hashes are ${Object.keys(hashes).join(", ")}`);
  return hash;
}

function cipherOf(key: Buffer): "aes-128-gcm" | "aes-192-gcm" | "aes-256-gcm" {
  switch (key.length) {
    case 16:
      return "aes-128-gcm";
    case 24:
      return "aes-192-gcm";
    case 32:
      return "aes-256-gcm";
    default:
      throw new Unfit("DataError", "an AES key has 16, 24 or 32 bytes");
  }
}

function tagLength(text: string | undefined): number {
  const length = Number(text);
  if (!tagBytes.includes(length)) throw new Unfit("OperationError", "a tag has 96 to 128 bits");
  return length;
}

/** The name of the key's curve, if it is of a kind that is served. */
function curveOf(key: KeyObject): string {
  if (key.asymmetricKeyType === "ed25519") return "Ed25519";
  const curve = Object.entries(curves).find(([, name]) => name === key.asymmetricKeyDetails?.namedCurve);
  if (key.asymmetricKeyType === "ec" && curve !== undefined) return curve[0];
  throw new Unfit("NotSupportedError", "keys are Ed25519, or on P-256, P-384 or P-521");
}

const privateKey = (der: string | undefined): KeyObject =>
  createPrivateKey({ key: bytes(der), format: "der", type: "pkcs8" });
const publicKey = (der: string | undefined): KeyObject =>
  createPublicKey({ key: bytes(der), format: "der", type: "spki" });

const shown = (key: KeyObject): object => ({
  type: key.type,
  curve: curveOf(key),
  der: base64(
    key.type === "private" ? key.export({ format: "der", type: "pkcs8" }) : key.export({ format: "der", type: "spki" }),
  ),
});

/** The public point as a JSON web key. */
function rawKey(curve: string | undefined, raw: Buffer): JsonWebKey {
  if (curve === "Ed25519") return { kty: "OKP", crv: "Ed25519", x: raw.toString("base64url") };
  const half = (raw.length - 1) / 2;
  if (raw[0] !== 4 || !Number.isInteger(half)) throw new Unfit("DataError", "a raw key is an uncompressed point");
  return {
    kty: "EC",
    crv: curve ?? "",
    x: raw.subarray(1, 1 + half).toString("base64url"),
    y: raw.subarray(1 + half).toString("base64url"),
  };
}

function importKey([format, curve, data]: readonly string[]): object {
  switch (format) {
    case "pkcs8":
      return shown(privateKey(data));
    case "spki":
      return shown(publicKey(data));
    case "raw":
      return shown(createPublicKey({ key: rawKey(curve, bytes(data)), format: "jwk" }));
    case "jwk": {
      const key = JSON.parse(data ?? "") as JsonWebKey;
      return shown(
        key.d === undefined ? createPublicKey({ key, format: "jwk" }) : createPrivateKey({ key, format: "jwk" }),
      );
    }
    default:
      throw new Unfit("NotSupportedError", "key formats are raw, pkcs8, spki and jwk");
  }
}

function exportKey([format, type, der]: readonly string[]): unknown {
  const key = type === "private" ? privateKey(der) : publicKey(der);
  const jwk = key.export({ format: "jwk" });
  if (format === "jwk") return jwk;
  if (format !== "raw" || type === "private") throw new Unfit("NotSupportedError", "this key has no such format");
  const x = Buffer.from(jwk.x ?? "", "base64url");
  return base64(jwk.y === undefined ? x : Buffer.concat([Buffer.from([4]), x, Buffer.from(jwk.y, "base64url")]));
}

function generate([curve]: readonly string[]): object {
  const named = curve === undefined ? undefined : curves[curve];
  const pair =
    curve === "Ed25519"
      ? generateKeyPairSync("ed25519")
      : generateKeyPairSync("ec", { namedCurve: named ?? unknownCurve() });
  return [shown(pair.privateKey), shown(pair.publicKey)];
}

function unknownCurve(): never {
  throw new Unfit("NotSupportedError", "curves are P-256, P-384 and P-521");
}

const hashFor = (key: KeyObject, hash: string | undefined): string | null =>
  curveOf(key) === "Ed25519" ? null : hashOf(hash);

const operations: Readonly<Record<string, Operation>> = {
  digest: ([hash, data]) => base64(createHash(hashOf(hash)).update(bytes(data)).digest()),
  hmac: ([hash, key, data]) => base64(createHmac(hashOf(hash), bytes(key)).update(bytes(data)).digest()),
  hmacVerify: ([hash, key, signature, data]) => {
    const expected = createHmac(hashOf(hash), bytes(key)).update(bytes(data)).digest();
    const given = bytes(signature);
    return given.length === expected.length && timingSafeEqual(given, expected);
  },
  seal: ([key, iv, aad, tag, data]) => {
    const keyBytes = bytes(key);
    const cipher = createCipheriv(cipherOf(keyBytes), keyBytes, bytes(iv), { authTagLength: tagLength(tag) });
    cipher.setAAD(bytes(aad));
    return base64(Buffer.concat([cipher.update(bytes(data)), cipher.final(), cipher.getAuthTag()]));
  },
  open: ([key, iv, aad, tag, data]) => {
    const keyBytes = bytes(key);
    const sealed = bytes(data);
    const length = tagLength(tag);
    if (sealed.length < length) throw new Unfit("OperationError", "the data is shorter than its tag");
    const cipher = createDecipheriv(cipherOf(keyBytes), keyBytes, bytes(iv), { authTagLength: length });
    cipher.setAAD(bytes(aad));
    cipher.setAuthTag(sealed.subarray(sealed.length - length));
    return base64(Buffer.concat([cipher.update(sealed.subarray(0, sealed.length - length)), cipher.final()]));
  },
  hkdf: ([hash, key, salt, info, length]) => {
    const count = Number(length);
    if (!(count >= 0 && count <= 8_160)) throw new Unfit("OperationError", "at most 8160 bytes can be derived");
    return base64(hkdfSync(hashOf(hash), bytes(key), bytes(salt), bytes(info), count));
  },
  generate,
  importKey,
  exportKey,
  sign: ([hash, der, data]) => {
    const key = privateKey(der);
    return base64(sign(hashFor(key, hash), bytes(data), { key, dsaEncoding: "ieee-p1363" }));
  },
  verify: ([hash, der, signature, data]) => {
    const key = publicKey(der);
    return verify(hashFor(key, hash), bytes(data), { key, dsaEncoding: "ieee-p1363" }, bytes(signature));
  },
};

/** The answer as JSON: `{"is": …}`, or `{"no": message, "name": the web's error}`. Never throws on what a guest says. */
export function askCryptography(operation: string, args: string): string {
  if (args.length > textMax) {
    return JSON.stringify({ name: "QuotaExceededError", no: `an operation takes at most ${textMax} characters` });
  }
  const known = Object.hasOwn(operations, operation) ? operations[operation] : undefined;
  if (known === undefined) return JSON.stringify({ name: "NotSupportedError", no: "there is no such operation" });
  try {
    const given: unknown = JSON.parse(args);
    if (!Array.isArray(given) || !given.every((one) => typeof one === "string")) {
      return JSON.stringify({ name: "DataError", no: "the arguments are texts" });
    }
    return JSON.stringify({ is: known(given) });
  } catch (error) {
    // Whatever OpenSSL has against a guest's bytes is the guest's affair.
    const { name, message } = error as Error;
    return JSON.stringify({ name: error instanceof Unfit ? name : "OperationError", no: message.slice(0, 500) });
  }
}
