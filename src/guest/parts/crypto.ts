/**
 * `crypto`: random values, and of `subtle` what services need: digests, HMAC, AES-GCM, HKDF, ECDSA and Ed25519. The cell
 * computes; what crosses is base64.
 */
import { asks } from "../../wire/index.ts";
import type { Kit } from "../parts.ts";
import { withNames } from "./platform.ts";

type Data = ArrayBuffer | ArrayBufferView;
type Algorithm = string | { readonly name: string; readonly [key: string]: unknown };
interface Codec64 {
  toBase64(): string;
}
declare const DOMException: new (message: string, name: string) => Error;

const encode = (data: unknown): string => (bytesOf(data) as unknown as Codec64).toBase64();
const decode = (text: string): Uint8Array<ArrayBuffer> =>
  (Uint8Array as unknown as { fromBase64(text: string): Uint8Array<ArrayBuffer> }).fromBase64(text);

function bytesOf(data: unknown): Uint8Array {
  if (ArrayBuffer.isView(data)) return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  if (Object.prototype.toString.call(data) === "[object ArrayBuffer]") return new Uint8Array(data as ArrayBuffer);
  throw new TypeError("it must be an ArrayBuffer, or a view of one");
}

/** What a key is made of; reached only from here. */
interface Material {
  /** Base64: raw bytes, or DER. */
  readonly data: string;
  readonly hash: string;
}
const materials = new WeakMap<CryptoKey, Material>();

class CryptoKey {
  readonly type: "secret" | "private" | "public";
  readonly extractable: boolean;
  readonly algorithm: object;
  readonly usages: readonly string[];
  constructor(type: CryptoKey["type"], extractable: boolean, algorithm: object, usages: readonly string[]) {
    this.type = type;
    this.extractable = extractable;
    this.algorithm = algorithm;
    this.usages = usages;
  }
}

const named = (algorithm: Algorithm): { readonly name: string; readonly [key: string]: unknown } =>
  typeof algorithm === "string" ? { name: algorithm } : algorithm;
const upper = (name: unknown): string => {
  const text = String(name);
  return text.toLowerCase() === "ed25519" ? "Ed25519" : text.toUpperCase();
};
const hashName = (hash: unknown): string =>
  upper(typeof hash === "object" && hash !== null ? (hash as { readonly name: string }).name : (hash ?? "SHA-256"));
const fail = (name: string, message: string): never => {
  throw new DOMException(message, name);
};

class SubtleCrypto {
  readonly #do: (operation: string, ...args: readonly string[]) => unknown;

  constructor(kit: Kit) {
    this.#do = (operation, ...args) => {
      const answer = JSON.parse(kit.ask(asks.cryptography, operation, JSON.stringify(args)) ?? "{}") as {
        readonly is?: unknown;
        readonly no?: string;
        readonly name?: string;
      };
      return answer.no === undefined ? answer.is : fail(answer.name ?? "OperationError", answer.no);
    };
  }

  #bytes(operation: string, ...args: readonly string[]): ArrayBuffer {
    return decode(this.#do(operation, ...args) as string).buffer;
  }

  async digest(algorithm: Algorithm, data: Data): Promise<ArrayBuffer> {
    return this.#bytes("digest", upper(named(algorithm).name), encode(data));
  }

  async sign(algorithm: Algorithm, key: CryptoKey, data: Data): Promise<ArrayBuffer> {
    const { data: material, hash } = materialOf(key, "sign");
    if (key.type === "secret") return this.#bytes("hmac", hash, material, encode(data));
    return this.#bytes("sign", hashName(named(algorithm)["hash"]), material, encode(data));
  }

  async verify(algorithm: Algorithm, key: CryptoKey, signature: Data, data: Data): Promise<boolean> {
    const { data: material, hash } = materialOf(key, "verify");
    if (key.type === "secret") {
      return this.#do("hmacVerify", hash, material, encode(signature), encode(data)) as boolean;
    }
    const wanted = hashName(named(algorithm)["hash"]);
    return this.#do("verify", wanted, material, encode(signature), encode(data)) as boolean;
  }

  async encrypt(algorithm: Algorithm, key: CryptoKey, data: Data): Promise<ArrayBuffer> {
    return this.#bytes("seal", ...this.#gcm(algorithm, key, "encrypt"), encode(data));
  }

  async decrypt(algorithm: Algorithm, key: CryptoKey, data: Data): Promise<ArrayBuffer> {
    return this.#bytes("open", ...this.#gcm(algorithm, key, "decrypt"), encode(data));
  }

  #gcm(algorithm: Algorithm, key: CryptoKey, usage: string): string[] {
    const { name, iv, additionalData, tagLength } = named(algorithm);
    if (upper(name) !== "AES-GCM") fail("NotSupportedError", "encryption is by AES-GCM");
    const tag = String(Number(tagLength ?? 128) / 8);
    return [materialOf(key, usage).data, encode(iv), additionalData === undefined ? "" : encode(additionalData), tag];
  }

  async generateKey(algorithm: Algorithm, extractable: boolean, usages: readonly string[]): Promise<unknown> {
    const { name, length, hash, namedCurve } = named(algorithm);
    switch (upper(name)) {
      case "AES-GCM":
        return this.importKey("raw", random(Number(length) / 8), { name: "AES-GCM" }, extractable, usages);
      case "HMAC": {
        const count = length === undefined ? 64 : Number(length) / 8;
        return this.importKey("raw", random(count), { name: "HMAC", hash }, extractable, usages);
      }
      case "ECDSA":
      case "Ed25519": {
        const curve = upper(name) === "Ed25519" ? "Ed25519" : upper(namedCurve);
        const [own, open] = this.#do("generate", curve) as readonly [ForeignKey, ForeignKey];
        return {
          privateKey: keyFrom(
            own,
            extractable,
            usages.filter((usage) => usage === "sign"),
          ),
          publicKey: keyFrom(
            open,
            true,
            usages.filter((usage) => usage === "verify"),
          ),
        };
      }
      default:
        return fail("NotSupportedError", "keys are for AES-GCM, HMAC, ECDSA and Ed25519");
    }
  }

  async importKey(
    format: string,
    data: unknown,
    algorithm: Algorithm,
    extractable: boolean,
    usages: readonly string[],
  ): Promise<CryptoKey> {
    const { name, hash, namedCurve } = named(algorithm);
    const kind = upper(name);
    if (kind === "AES-GCM" || kind === "HMAC" || kind === "HKDF") {
      const raw = format === "jwk" ? fromUrl((data as { readonly k: string }).k) : bytesOf(data);
      if (format !== "raw" && format !== "jwk") fail("NotSupportedError", "a secret key is raw or jwk");
      const length = raw.length * 8;
      const about = kind === "HMAC" ? { name: kind, hash: { name: hashName(hash) }, length } : { name: kind, length };
      const key = new CryptoKey("secret", extractable, about, [...usages]);
      materials.set(key, { data: encode(raw), hash: hashName(hash) });
      return key;
    }
    if (kind !== "ECDSA" && kind !== "Ed25519") fail("NotSupportedError", "no such kind of key");
    const given = format === "jwk" ? JSON.stringify(data) : encode(data);
    const curve = kind === "Ed25519" ? "Ed25519" : upper(namedCurve);
    const found = this.#do("importKey", format, curve, given) as ForeignKey;
    if (found.curve !== curve) fail("DataError", `the key is on ${found.curve}`);
    return keyFrom(found, extractable, usages);
  }

  async exportKey(format: string, key: CryptoKey): Promise<unknown> {
    const material = materials.get(key);
    if (material === undefined || !key.extractable) return fail("InvalidAccessError", "the key cannot be exported");
    if (key.type === "secret") {
      const raw = decode(material.data);
      return format === "raw" ? raw.buffer : { kty: "oct", k: toUrl(raw), ext: true, key_ops: key.usages };
    }
    if (format === (key.type === "private" ? "pkcs8" : "spki")) return decode(material.data).buffer;
    const exported = this.#do("exportKey", format, key.type, material.data);
    return typeof exported === "string" ? decode(exported).buffer : exported;
  }

  async deriveBits(algorithm: Algorithm, key: CryptoKey, length: number): Promise<ArrayBuffer> {
    const { name, hash, salt, info } = named(algorithm);
    if (upper(name) !== "HKDF") fail("NotSupportedError", "bits are derived by HKDF");
    const { data } = materialOf(key, "deriveBits");
    return this.#bytes("hkdf", hashName(hash), data, encode(salt), encode(info), String(length / 8));
  }
}

interface ForeignKey {
  readonly type: "private" | "public";
  readonly curve: string;
  readonly der: string;
}

function keyFrom({ type, curve, der }: ForeignKey, extractable: boolean, usages: readonly string[]): CryptoKey {
  const algorithm = curve === "Ed25519" ? { name: "Ed25519" } : { name: "ECDSA", namedCurve: curve };
  const key = new CryptoKey(type, extractable, algorithm, [...usages]);
  materials.set(key, { data: der, hash: "" });
  return key;
}

function materialOf(key: CryptoKey, usage: string): Material {
  const material = materials.get(key) ?? fail("TypeError", "it is no CryptoKey");
  if (!key.usages.includes(usage)) fail("InvalidAccessError", `the key is not for ${usage}`);
  return material;
}

const fromUrl = (text: string): Uint8Array =>
  decode(text.replaceAll("-", "+").replaceAll("_", "/") + "=".repeat((4 - (text.length % 4)) % 4));
const toUrl = (data: Uint8Array): string => encode(data).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");

let ask: Kit["ask"];
const random = (count: number): Uint8Array<ArrayBuffer> => decode(ask(asks.random, count) ?? "");

class Crypto {
  readonly subtle: SubtleCrypto;
  constructor(kit: Kit) {
    this.subtle = new SubtleCrypto(kit);
  }

  getRandomValues<T extends ArrayBufferView>(into: T): T {
    const target = bytesOf(into);
    if (target.length > 65_536) fail("QuotaExceededError", "at most 65536 random bytes at once");
    target.set(random(target.length));
    return into;
  }

  randomUUID(): string {
    const raw = random(16);
    raw[6] = ((raw[6] ?? 0) & 0x0f) | 0x40;
    raw[8] = ((raw[8] ?? 0) & 0x3f) | 0x80;
    const hex = Array.from(raw, (byte) => byte.toString(16).padStart(2, "0")).join("");
    return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
  }
}

export function make(kit: Kit): object {
  ({ ask } = kit);
  return withNames({ crypto: new Crypto(kit), Crypto, CryptoKey, SubtleCrypto });
}
