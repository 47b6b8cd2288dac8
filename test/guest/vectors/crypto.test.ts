/** Cryptography in a guest: by NIST's and the RFCs' vectors, which sjcl and hash-test-vectors carry. */
import assert from "node:assert/strict";
import { test } from "node:test";
import vm from "node:vm";
import { type Deviations, hold, textOf, type Vector } from "./vectors.ts";

const hex = `
  const bytes = (text) => Uint8Array.fromHex(text);
  const hex = (data) => new Uint8Array(data).toHex();
  const { subtle } = crypto;`;

/** What a file of sjcl's vectors adds to its table. */
function ofSjcl<T>(name: string): T {
  const sjcl = { test: { vector: {} as Record<string, T> } };
  vm.runInNewContext(textOf("sjcl", "test", `${name}_vectors.js`), { sjcl });
  return sjcl.test.vector[name] ?? assert.fail(name);
}
const ofHashes = (file: string): Readonly<Record<string, string>>[] =>
  JSON.parse(textOf("hash-test-vectors", file)) as Readonly<Record<string, string>>[];

const hashes = { sha1: "SHA-1", sha256: "SHA-256", sha384: "SHA-384", sha512: "SHA-512" } as const;
type Hash = keyof typeof hashes;
const hashNames = Object.keys(hashes) as Hash[];

test("messages are digested as NIST and sjcl say", async (t) => {
  const vectors: Vector[] = [];
  for (const [i, entry] of ofHashes("index.json").entries()) {
    const message = Buffer.from(entry["input"] ?? "", "base64").toString("hex");
    for (const hash of hashNames) {
      vectors.push({ name: `${hash} of NIST ${i}`, given: [hashes[hash], message], expected: { is: entry[hash] } });
    }
  }
  for (const hash of ["sha1", "sha256", "sha512"] as const) {
    for (const [message, digest] of ofSjcl<(readonly [string, string])[]>(hash)) {
      const given = [hashes[hash], Buffer.from(message).toString("hex")];
      vectors.push({ name: `${hash} of ${message}`, given, expected: { is: digest } });
    }
  }
  await hold(
    t,
    `${hex} const answer = async ([hash, message]) => hex(await subtle.digest(hash, bytes(message)));`,
    vectors,
  );
});

test("messages are signed by HMAC as RFC 4231 says", async (t) => {
  const vectors: Vector[] = [];
  for (const [i, entry] of ofHashes("hmac.json").entries()) {
    for (const hash of hashNames) {
      const given = [hashes[hash], entry["key"], entry["data"], entry[hash]];
      // One of them is cut short: it is no signature then, only its beginning.
      const whole = entry["truncate"] === undefined;
      vectors.push({ name: `${hash} ${i}`, given, expected: { is: [entry[hash], whole, false] } });
    }
  }
  for (const [i, { key, data, mac }] of ofSjcl<{ key: string; data: string; mac: string }[]>("hmac").entries()) {
    const whole = mac.length === 64;
    vectors.push({ name: `sjcl ${i}`, given: ["SHA-256", key, data, mac], expected: { is: [mac, whole, false] } });
  }
  await hold(
    t,
    `${hex}
     async function answer([hash, key, data, mac]) {
       const made = await subtle.importKey("raw", bytes(key), { name: "HMAC", hash }, false, ["sign", "verify"]);
       const signed = hex(await subtle.sign("HMAC", made, bytes(data))).slice(0, mac.length);
       const other = bytes(mac);
       other[0] ^= 1;
       return [signed, await subtle.verify("HMAC", made, bytes(mac), bytes(data)), await subtle.verify("HMAC", made, other, bytes(data))];
     }`,
    vectors,
  );
});

interface Gcm {
  readonly key: string;
  readonly iv: string;
  readonly adata: string;
  readonly pt: string;
  readonly ct: string;
  readonly tag: string;
}

test("messages are sealed and opened by AES-GCM as its specification says (from sjcl)", async (t) => {
  const vectors: Vector[] = ofSjcl<Gcm[]>("gcm").map((one, i) => ({
    name: `${i}`,
    given: one,
    expected: { is: [one.ct + one.tag, one.pt, "OperationError"] },
  }));
  await hold(
    t,
    `${hex}
     async function answer({ key, iv, adata, pt, ct, tag }) {
       const made = await subtle.importKey("raw", bytes(key), "AES-GCM", false, ["encrypt", "decrypt"]);
       const by = { name: "AES-GCM", iv: bytes(iv), additionalData: bytes(adata), tagLength: tag.length * 4 };
       const sealed = hex(await subtle.encrypt(by, made, bytes(pt)));
       const opened = hex(await subtle.decrypt(by, made, bytes(ct + tag)));
       const forged = bytes(ct + tag);
       forged[forged.length - 1] ^= 1;
       return [sealed, opened, await subtle.decrypt(by, made, forged).catch((error) => error.name)];
     }`,
    vectors,
  );
});

interface Hkdf {
  readonly hash: Hash;
  readonly ikm: string;
  readonly salt?: string;
  readonly info: string;
  readonly keyLength: number;
  readonly key: string;
}

test("keys are derived by HKDF as RFC 5869 says (from sjcl)", async (t) => {
  const vectors: Vector[] = ofSjcl<Hkdf[]>("hkdf").map((one, i) => ({
    name: `${i}`,
    given: { ...one, hash: hashes[one.hash], salt: one.salt ?? "" },
    expected: { is: one.key },
  }));
  await hold(
    t,
    `${hex}
     async function answer({ hash, ikm, salt, info, keyLength }) {
       const made = await subtle.importKey("raw", bytes(ikm), "HKDF", false, ["deriveBits"]);
       return hex(await subtle.deriveBits({ name: "HKDF", hash, salt: bytes(salt), info: bytes(info) }, made, keyLength));
     }`,
    vectors,
  );
});

interface Ecdsa {
  readonly msg: string;
  readonly d: string;
  readonly Qx: string;
  readonly Qy: string;
  readonly R: string;
  readonly S: string;
}

test("messages are signed and verified by ECDSA as NIST says (from sjcl)", async (t) => {
  const vectors: Vector[] = [];
  const known: Record<string, string> = {};
  for (const [kind, list] of Object.entries(ofSjcl<Readonly<Record<string, readonly Ecdsa[]>>>("ecdsa"))) {
    const [, bits = "", hash = ""] = /^p(\d+)(sha\d+)$/.exec(kind) ?? [];
    for (const [i, one] of list.entries()) {
      const name = `${kind} ${i}`;
      const given = { ...one, curve: `P-${bits}`, size: Number(bits) / 4, hash: hashes[hash as Hash] };
      vectors.push({ name, given, expected: { is: [true, true, false, true] } });
      if (bits === "192" || bits === "224") known[name] = "Web Cryptography has no such curve";
    }
  }
  await hold(
    t,
    `${hex}
     const url = (text) => bytes(text).toBase64({ alphabet: "base64url", omitPadding: true });
     async function answer({ msg, d, Qx, Qy, R, S, curve, hash, size }) {
       const [x, y, r, s, secret] = [Qx, Qy, R, S, d].map((text) => text.padStart(size, "0"));
       const about = { name: "ECDSA", namedCurve: curve };
       const by = { name: "ECDSA", hash };
       const jwk = { kty: "EC", crv: curve, x: url(x), y: url(y) };
       const raw = await subtle.importKey("raw", bytes("04" + x + y), about, true, ["verify"]);
       const known = await subtle.importKey("jwk", jwk, about, true, ["verify"]);
       const own = await subtle.importKey("jwk", { ...jwk, d: url(secret) }, about, true, ["sign"]);
       const signature = bytes(r + s);
       const mine = await subtle.sign(by, own, bytes(msg));
       return [
         await subtle.verify(by, raw, signature, bytes(msg)),
         await subtle.verify(by, known, signature, bytes(msg)),
         await subtle.verify(by, known, signature, bytes(msg + "00")),
         await subtle.verify(by, raw, mine, bytes(msg)),
       ];
     }`,
    vectors,
    known satisfies Deviations,
  );
});
