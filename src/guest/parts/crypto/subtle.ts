/** `crypto.subtle`: of the Web Cryptography API what services need. It checks and prepares; the cell computes. */
import { type Algorithm, ask, checkUsages, curveOf, hashNames, hashOf, keyNames, usagesFrom } from "./algorithms.ts";
import { decode, encode, fail } from "./bytes.ts";
import { bitsOf, type Do, exportKey, type ForeignKey, importKey, makePaired, makeSecret } from "./formats.ts";
import { type CryptoKey, use } from "./key.ts";

type Data = ArrayBuffer | ArrayBufferView;

/** Bits of a tag that the cell makes: shorter ones protect little. */
const tagBits = [96, 104, 112, 120, 128];

export const permission = Symbol("only crypto has a subtle");

export class SubtleCrypto {
  readonly #do: Do;
  readonly #random: (count: number) => Uint8Array<ArrayBuffer>;

  constructor(by: unknown, act: Do, random: (count: number) => Uint8Array<ArrayBuffer>) {
    if (by !== permission) throw new TypeError("it is crypto.subtle");
    this.#do = act;
    this.#random = random;
  }

  #bytes(operation: string, ...args: readonly string[]): ArrayBuffer {
    return decode(this.#do(operation, ...args) as string).buffer;
  }

  async digest(algorithm: Algorithm, data: Data): Promise<ArrayBuffer> {
    const bytes = encode(data);
    return this.#bytes("digest", ask(algorithm, hashNames).name, bytes);
  }

  async sign(algorithm: Algorithm, key: CryptoKey, data: Data): Promise<ArrayBuffer> {
    const [asked, bytes] = [ask(algorithm, ["HMAC", "ECDSA", "Ed25519"] as const), encode(data)];
    const hash = asked.name === "ECDSA" ? hashOf(asked) : "";
    const inside = use(key, asked.name, "sign");
    if (asked.name === "HMAC") return this.#bytes("hmac", inside.hash ?? "", inside.data, bytes);
    return this.#bytes("sign", hash, inside.data, bytes);
  }

  async verify(algorithm: Algorithm, key: CryptoKey, signature: Data, data: Data): Promise<boolean> {
    const [asked, given, bytes] = [
      ask(algorithm, ["HMAC", "ECDSA", "Ed25519"] as const),
      encode(signature),
      encode(data),
    ];
    const hash = asked.name === "ECDSA" ? hashOf(asked) : "";
    const inside = use(key, asked.name, "verify");
    if (asked.name === "HMAC") return this.#do("hmacVerify", inside.hash ?? "", inside.data, given, bytes) as boolean;
    return this.#do("verify", hash, inside.data, given, bytes) as boolean;
  }

  async encrypt(algorithm: Algorithm, key: CryptoKey, data: Data): Promise<ArrayBuffer> {
    return this.#bytes("seal", ...this.#gcm(algorithm, key, "encrypt"), encode(data));
  }

  async decrypt(algorithm: Algorithm, key: CryptoKey, data: Data): Promise<ArrayBuffer> {
    return this.#bytes("open", ...this.#gcm(algorithm, key, "decrypt"), encode(data));
  }

  #gcm(algorithm: Algorithm, key: CryptoKey, usage: string): string[] {
    const { name, iv, additionalData, tagLength = 128 } = ask(algorithm, ["AES-GCM"]);
    const [vector, more] = [encode(iv), additionalData === undefined ? "" : encode(additionalData)];
    const { data } = use(key, name, usage);
    if (!tagBits.includes(Number(tagLength))) fail("OperationError", `a tag has ${tagBits.join(", ")} bits`);
    return [data, vector, more, String(Number(tagLength) / 8)];
  }

  async generateKey(algorithm: Algorithm, extractable: boolean, keyUsages: readonly string[]): Promise<unknown> {
    const asked = ask(algorithm, keyNames);
    const usages = usagesFrom(keyUsages);
    if (asked.name !== "ECDSA" && asked.name !== "Ed25519") {
      checkUsages(asked.name, ["secret"], usages);
      return makeSecret(asked, this.#random(bitsOf(asked) / 8), { extractable: Boolean(extractable), usages });
    }
    const curve = curveOf(asked);
    checkUsages(asked.name, ["private", "public"], usages);
    if (!usages.includes("sign")) fail("SyntaxError", "the private key is for nothing");
    const [own, open] = this.#do("generate", curve) as readonly [ForeignKey, ForeignKey];
    const only = (usage: string): string[] => usages.filter((one) => one === usage);
    return {
      privateKey: makePaired(own, { extractable: Boolean(extractable), usages: only("sign") }),
      publicKey: makePaired(open, { extractable: true, usages: only("verify") }),
    };
  }

  async importKey(
    format: string,
    data: unknown,
    algorithm: Algorithm,
    extractable: boolean,
    keyUsages: readonly string[],
  ): Promise<CryptoKey> {
    const about = { extractable: Boolean(extractable), usages: usagesFrom(keyUsages) };
    return importKey(this.#do, format, data, ask(algorithm, keyNames), about);
  }

  async exportKey(format: string, key: CryptoKey): Promise<unknown> {
    return exportKey(this.#do, format, key);
  }

  async deriveBits(algorithm: Algorithm, key: CryptoKey, length: number | null): Promise<ArrayBuffer> {
    return this.#derive(algorithm, key, "deriveBits", length);
  }

  async deriveKey(
    algorithm: Algorithm,
    key: CryptoKey,
    derived: Algorithm,
    extractable: boolean,
    keyUsages: readonly string[],
  ): Promise<CryptoKey> {
    const asked = ask(derived, keyNames);
    const usages = usagesFrom(keyUsages);
    const bits = this.#derive(algorithm, key, "deriveKey", bitsOf(asked));
    return importKey(this.#do, "raw", bits, asked, { extractable: Boolean(extractable), usages });
  }

  #derive(algorithm: Algorithm, key: CryptoKey, usage: string, length: number | null): ArrayBuffer {
    const asked = ask(algorithm, ["HKDF"] as const);
    const [hash, salt, info] = [hashOf(asked), encode(asked["salt"]), encode(asked["info"])];
    const { data } = use(key, asked.name, usage);
    if (length === null || !(length >= 0) || length % 8 !== 0)
      fail("OperationError", "bits are derived in whole bytes");
    if (length === 0) return new ArrayBuffer(0);
    return this.#bytes("hkdf", hash, data, salt, info, String(Number(length) / 8));
  }
}
