/** Each way to call `crypto` right or wrong, in a guest: as in Node. */
import { holds } from "./as-node.ts";

const absent = "there is none of it: it is slow by design, or not what services need";

holds(
  "cryptography is as in Node",
  `
  crypto.subtle.digest("sha-256", bytes("a")).then(hex)
  crypto.subtle.digest({ name: "SHA-1" }, bytes("a")).then(hex)
  crypto.subtle.digest("SHA-512", new DataView(bytes("abc").buffer, 1, 1)).then(hex)
  crypto.subtle.digest("SHA-384", bytes("abc").subarray(1)).then(hex)
  crypto.subtle.digest("SHA-256", new Uint16Array([1])).then(hex)
  crypto.subtle.digest("SHA-256", bytes("abc").buffer).then(hex)
  crypto.subtle.digest("SHA256", bytes("a"))
  crypto.subtle.digest("MD5", bytes("a"))
  crypto.subtle.digest("", bytes("a"))
  crypto.subtle.digest("SHA-256", "a")
  crypto.subtle.digest("SHA-256")
  crypto.subtle.digest({}, bytes("a"))
  crypto.subtle.digest(null, bytes("a"))
  (async () => { const data = bytes("a"); const made = crypto.subtle.digest("SHA-256", data); data[0] = 98; return hex(await made); })()
  crypto.subtle.importKey("raw", bytes("k"), { name: "HMAC", hash: "SHA-256" }, true, ["sign", "verify"]).then((k) => [k.type, k.extractable, k.algorithm, k.usages])
  crypto.subtle.importKey("raw", bytes("k"), { name: "hmac", hash: { name: "sha-512" } }, false, ["verify"]).then((k) => [k.type, k.extractable, k.algorithm, k.usages])
  crypto.subtle.importKey("raw", bytes("k"), { name: "HMAC" }, true, ["sign"])
  crypto.subtle.importKey("raw", bytes("k"), { name: "HMAC", hash: "MD5" }, true, ["sign"])
  crypto.subtle.importKey("raw", bytes(""), { name: "HMAC", hash: "SHA-256" }, true, ["sign"])
  crypto.subtle.importKey("raw", bytes("k"), { name: "HMAC", hash: "SHA-256" }, true, [])
  crypto.subtle.importKey("raw", bytes("k"), { name: "HMAC", hash: "SHA-256" }, true, ["encrypt"])
  crypto.subtle.importKey("raw", bytes("k"), { name: "HMAC", hash: "SHA-256" }, true, ["wrong"])
  crypto.subtle.importKey("wrong", bytes("k"), { name: "HMAC", hash: "SHA-256" }, true, ["sign"])
  crypto.subtle.importKey("raw", "k", { name: "HMAC", hash: "SHA-256" }, true, ["sign"])
  crypto.subtle.importKey("raw", bytes("0123456789abcdef"), "AES-GCM", true, ["encrypt", "decrypt"]).then((k) => [k.type, k.algorithm, k.usages])
  crypto.subtle.importKey("raw", bytes("0123456789abcdef"), "AES-GCM", true, ["sign"])
  crypto.subtle.importKey("raw", bytes("short"), "AES-GCM", true, ["encrypt"])
  crypto.subtle.importKey("raw", bytes("k"), "HKDF", false, ["deriveBits"]).then((k) => [k.type, k.algorithm, k.usages])
  crypto.subtle.importKey("raw", bytes("k"), "HKDF", true, ["deriveBits"])
  crypto.subtle.importKey("raw", bytes("k"), "HKDF", false, ["sign"])
  crypto.subtle.importKey("raw", bytes("k"), "NOTHING", false, ["sign"])
  crypto.subtle.importKey("jwk", { kty: "oct", k: "AQID" }, { name: "HMAC", hash: "SHA-256" }, true, ["sign"]).then((k) => crypto.subtle.exportKey("raw", k)).then(hex)
  crypto.subtle.importKey("jwk", { kty: "oct", k: "AQID", alg: "HS256" }, { name: "HMAC", hash: "SHA-256" }, true, ["sign"]).then((k) => crypto.subtle.exportKey("jwk", k))
  crypto.subtle.importKey("jwk", { kty: "oct", k: "AQID", alg: "HS512" }, { name: "HMAC", hash: "SHA-256" }, true, ["sign"])
  crypto.subtle.importKey("jwk", { kty: "RSA", k: "AQID" }, { name: "HMAC", hash: "SHA-256" }, true, ["sign"])
  crypto.subtle.importKey("jwk", { kty: "oct" }, { name: "HMAC", hash: "SHA-256" }, true, ["sign"])
  crypto.subtle.importKey("jwk", { kty: "oct", k: "AQID", ext: false }, { name: "HMAC", hash: "SHA-256" }, true, ["sign"])
  crypto.subtle.importKey("jwk", { kty: "oct", k: "MDEyMzQ1Njc4OWFiY2RlZg" }, "AES-GCM", true, ["encrypt"]).then((k) => crypto.subtle.exportKey("jwk", k))
  crypto.subtle.importKey("raw", bytes("k"), { name: "HMAC", hash: "SHA-256" }, false, ["sign"]).then((k) => crypto.subtle.exportKey("raw", k))
  crypto.subtle.importKey("raw", bytes("k"), { name: "HMAC", hash: "SHA-256" }, true, ["sign"]).then((k) => crypto.subtle.exportKey("spki", k))
  crypto.subtle.importKey("raw", bytes("k"), { name: "HMAC", hash: "SHA-256" }, true, ["sign"]).then((k) => crypto.subtle.exportKey("wrong", k))
  crypto.subtle.importKey("raw", bytes("k"), { name: "HMAC", hash: "SHA-1" }, true, ["sign"]).then((k) => crypto.subtle.sign("HMAC", k, bytes("m"))).then(hex)
  crypto.subtle.importKey("raw", bytes("k"), { name: "HMAC", hash: "SHA-256" }, true, ["sign"]).then((k) => crypto.subtle.verify("HMAC", k, bytes("s"), bytes("m")))
  crypto.subtle.importKey("raw", bytes("k"), { name: "HMAC", hash: "SHA-256" }, true, ["verify"]).then((k) => crypto.subtle.verify("HMAC", k, bytes("s"), bytes("m")))
  crypto.subtle.importKey("raw", bytes("k"), { name: "HMAC", hash: "SHA-256" }, true, ["sign"]).then((k) => crypto.subtle.sign("ECDSA", k, bytes("m")))
  crypto.subtle.importKey("raw", bytes("k"), { name: "HMAC", hash: "SHA-256" }, true, ["sign"]).then((k) => crypto.subtle.sign("AES-GCM", k, bytes("m")))
  crypto.subtle.sign("HMAC", {}, bytes("m"))
  crypto.subtle.generateKey({ name: "HMAC", hash: "SHA-256" }, true, ["sign"]).then((k) => k.algorithm)
  crypto.subtle.generateKey({ name: "HMAC", hash: "SHA-512" }, true, ["sign"]).then((k) => k.algorithm)
  crypto.subtle.generateKey({ name: "HMAC", hash: "SHA-512", length: 256 }, true, ["sign"]).then((k) => k.algorithm)
  crypto.subtle.generateKey({ name: "HMAC", hash: "SHA-512", length: 0 }, true, ["sign"])
  crypto.subtle.generateKey({ name: "AES-GCM", length: 192 }, true, ["encrypt"]).then((k) => [k.algorithm, k.usages])
  crypto.subtle.generateKey({ name: "AES-GCM", length: 100 }, true, ["encrypt"])
  crypto.subtle.generateKey({ name: "AES-GCM", length: 128 }, true, [])
  crypto.subtle.generateKey({ name: "AES-GCM", length: 128 }, true, ["sign"])
  crypto.subtle.generateKey({ name: "ECDSA", namedCurve: "P-256" }, false, ["sign", "verify"]).then(({ privateKey, publicKey }) => [privateKey, publicKey].map((k) => [k.type, k.extractable, k.algorithm, k.usages]))
  crypto.subtle.generateKey({ name: "ECDSA", namedCurve: "P-1" }, true, ["sign"])
  crypto.subtle.generateKey({ name: "ECDSA", namedCurve: "P-256" }, true, ["verify"])
  crypto.subtle.generateKey({ name: "ECDSA", namedCurve: "P-256" }, true, ["encrypt"])
  crypto.subtle.generateKey("Ed25519", true, ["sign", "verify"]).then(({ privateKey, publicKey }) => [privateKey, publicKey].map((k) => [k.type, k.extractable, k.algorithm, k.usages]))
  crypto.subtle.generateKey("Ed25519", false, ["sign"]).then(({ privateKey }) => crypto.subtle.exportKey("pkcs8", privateKey))
  crypto.subtle.generateKey("Ed25519", true, ["sign"]).then(({ privateKey }) => crypto.subtle.exportKey("spki", privateKey))
  crypto.subtle.generateKey("Ed25519", true, ["sign"]).then(({ privateKey }) => crypto.subtle.exportKey("raw", privateKey))
  crypto.subtle.generateKey("NOTHING", true, ["sign"])
  (async () => { const { subtle } = crypto; const seen = []; for (const by of ["Ed25519", { name: "ECDSA", namedCurve: "P-256" }, { name: "ECDSA", namedCurve: "P-384" }, { name: "ECDSA", namedCurve: "P-521" }]) { const { privateKey, publicKey } = await subtle.generateKey(by, true, ["sign", "verify"]); const use = by === "Ed25519" ? by : { name: "ECDSA", hash: "SHA-384" }; const spki = await subtle.exportKey("spki", publicKey); const pkcs8 = await subtle.exportKey("pkcs8", privateKey); const own = await subtle.importKey("pkcs8", pkcs8, by, false, ["sign"]); const open = await subtle.importKey("spki", spki, by, false, ["verify"]); const signature = await subtle.sign(use, own, bytes("m")); seen.push([spki.byteLength, signature.byteLength, await subtle.verify(use, open, signature, bytes("m")), await subtle.verify(use, open, bytes("no"), bytes("m")), Object.keys(await subtle.exportKey("jwk", privateKey)).sort().join()]); } return seen; })()
  (async () => { const { subtle } = crypto; const { publicKey } = await subtle.generateKey({ name: "ECDSA", namedCurve: "P-256" }, true, ["sign", "verify"]); const raw = await subtle.exportKey("raw", publicKey); return subtle.importKey("raw", raw, { name: "ECDSA", namedCurve: "P-384" }, true, ["verify"]); })()
  crypto.subtle.importKey("raw", bytes("no"), { name: "ECDSA", namedCurve: "P-256" }, true, ["verify"])
  crypto.subtle.importKey("spki", bytes("no"), { name: "ECDSA", namedCurve: "P-256" }, true, ["verify"])
  crypto.subtle.importKey("pkcs8", bytes("no"), "Ed25519", true, ["sign"])
  crypto.subtle.importKey("raw", new Uint8Array(32), "Ed25519", true, ["sign"])
  crypto.subtle.importKey("raw", new Uint8Array(31), "Ed25519", true, ["verify"])
  crypto.subtle.importKey("jwk", { kty: "OKP", crv: "Ed25519", x: "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo" }, "Ed25519", true, ["verify"]).then((k) => crypto.subtle.exportKey("raw", k)).then(hex)
  crypto.subtle.importKey("jwk", { kty: "OKP", crv: "Ed25519", d: "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A", x: "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo" }, "Ed25519", true, ["sign"]).then((k) => crypto.subtle.sign("Ed25519", k, bytes(""))).then(hex)
  (async () => { const { subtle } = crypto; const key = await subtle.importKey("raw", bytes("0123456789abcdef"), "AES-GCM", true, ["encrypt", "decrypt"]); const seen = []; for (const more of [{}, { tagLength: 96 }, { tagLength: 32 }, { additionalData: bytes("x") }, { tagLength: 5 }, { iv: bytes("") }, { iv: "no" }]) seen.push(await subtle.encrypt({ name: "AES-GCM", iv: bytes("123456789012"), ...more }, key, bytes("m")).then(hex, (e) => e.name)); return seen; })()
  (async () => { const { subtle } = crypto; const key = await subtle.importKey("raw", bytes("0123456789abcdef"), "AES-GCM", true, ["encrypt"]); return subtle.encrypt({ name: "AES-GCM" }, key, bytes("m")); })()
  (async () => { const { subtle } = crypto; const key = await subtle.importKey("raw", bytes("0123456789abcdef"), "AES-GCM", true, ["encrypt"]); return subtle.decrypt({ name: "AES-GCM", iv: bytes("123456789012") }, key, bytes("m")); })()
  (async () => { const { subtle } = crypto; const key = await subtle.importKey("raw", bytes("0123456789abcdef"), "AES-GCM", true, ["decrypt"]); return subtle.decrypt({ name: "AES-GCM", iv: bytes("123456789012") }, key, bytes("m")); })()
  (async () => { const { subtle } = crypto; const key = await subtle.importKey("raw", bytes("k"), "HKDF", false, ["deriveBits", "deriveKey"]); const by = { name: "HKDF", hash: "SHA-256", salt: bytes("s"), info: bytes("i") }; const seen = []; for (const length of [0, 8, 256, 13, 8 * 255 * 32 + 8, null]) seen.push(await subtle.deriveBits(by, key, length).then(hex, (e) => e.name)); return seen; })()
  (async () => { const { subtle } = crypto; const key = await subtle.importKey("raw", bytes("k"), "HKDF", false, ["deriveKey"]); const made = await subtle.deriveKey({ name: "HKDF", hash: "SHA-256", salt: bytes("s"), info: bytes("i") }, key, { name: "AES-GCM", length: 256 }, true, ["encrypt"]); return [made.algorithm, hex(await subtle.exportKey("raw", made))]; })()
  (async () => { const { subtle } = crypto; const key = await subtle.importKey("raw", bytes("k"), "HKDF", false, ["deriveKey"]); const made = await subtle.deriveKey({ name: "HKDF", hash: "SHA-256", salt: bytes("s"), info: bytes("i") }, key, { name: "HMAC", hash: "SHA-256" }, true, ["sign"]); return [made.algorithm, hex(await subtle.exportKey("raw", made))]; })()
  (async () => { const { subtle } = crypto; const key = await subtle.importKey("raw", bytes("k"), "HKDF", false, ["deriveBits"]); return subtle.deriveBits({ name: "HKDF", hash: "SHA-256", info: bytes("i") }, key, 8); })()
  (async () => { const { subtle } = crypto; const key = await subtle.importKey("raw", bytes("pass"), "PBKDF2", false, ["deriveBits"]); return hex(await subtle.deriveBits({ name: "PBKDF2", hash: "SHA-256", salt: bytes("s"), iterations: 10 }, key, 256)); })()
  (async () => { const { subtle } = crypto; const key = await subtle.importKey("raw", bytes("0123456789abcdef"), "AES-CBC", false, ["encrypt"]); return hex(await subtle.encrypt({ name: "AES-CBC", iv: bytes("0123456789abcdef") }, key, bytes("m"))); })()
  crypto.subtle.generateKey({ name: "RSA-PSS", modulusLength: 2048, publicExponent: new Uint8Array([1, 0, 1]), hash: "SHA-256" }, true, ["sign", "verify"]).then(({ publicKey }) => publicKey.type)
  crypto.subtle.generateKey({ name: "ECDH", namedCurve: "P-256" }, true, ["deriveBits"]).then(({ publicKey }) => publicKey.type)
  crypto.getRandomValues(new Uint8Array(70000))
  crypto.getRandomValues(new Uint8Array(65536)).length
  crypto.getRandomValues(new Float64Array(1))
  crypto.getRandomValues(new DataView(new ArrayBuffer(4)))
  crypto.getRandomValues([1])
  crypto.getRandomValues(new BigInt64Array(2)).length
  (() => { const a = new Uint8Array(64); const part = a.subarray(16, 32); return [crypto.getRandomValues(part) === part, a.subarray(0, 16).every((x) => x === 0), part.some((x) => x !== 0), a.subarray(32).every((x) => x === 0)]; })()
  /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/.test(crypto.randomUUID())
  [crypto instanceof Crypto, crypto.subtle instanceof SubtleCrypto, typeof CryptoKey, Object.prototype.toString.call(crypto), Object.prototype.toString.call(crypto.subtle)]
  new CryptoKey()
  new Crypto()
  new SubtleCrypto()
  crypto.subtle.importKey("raw", bytes("k"), { name: "HMAC", hash: "SHA-256" }, true, ["sign"]).then((k) => [Object.keys(k), Object.prototype.toString.call(k), structuredClone({ a: 1 }).a])
  (async () => { const k = await crypto.subtle.importKey("raw", bytes("k"), { name: "HMAC", hash: "SHA-256" }, false, ["sign"]); try { k.usages.push("verify"); k.extractable = true; } catch {} return [k.extractable, await crypto.subtle.verify("HMAC", k, bytes("s"), bytes("m")).catch((e) => e.name)]; })()
  `,
  {
    '(async () => { const { subtle } = crypto; const key = await subtle.importKey("raw", bytes("0123456789abcdef"), "AES-CBC", false, ["encrypt"]); return hex(await subtle.encrypt({ name: "AES-CBC", iv: bytes("0123456789abcdef") }, key, bytes("m"))); })()':
      absent,
    '(async () => { const { subtle } = crypto; const key = await subtle.importKey("raw", bytes("pass"), "PBKDF2", false, ["deriveBits"]); return hex(await subtle.deriveBits({ name: "PBKDF2", hash: "SHA-256", salt: bytes("s"), iterations: 10 }, key, 256)); })()':
      absent,
    'crypto.subtle.generateKey({ name: "ECDH", namedCurve: "P-256" }, true, ["deriveBits"]).then(({ publicKey }) => publicKey.type)':
      absent,
    'crypto.subtle.generateKey({ name: "RSA-PSS", modulusLength: 2048, publicExponent: new Uint8Array([1, 0, 1]), hash: "SHA-256" }, true, ["sign", "verify"]).then(({ publicKey }) => publicKey.type)':
      absent,
    '(async () => { const { subtle } = crypto; const key = await subtle.importKey("raw", bytes("0123456789abcdef"), "AES-GCM", true, ["encrypt", "decrypt"]); const seen = []; for (const more of [{}, { tagLength: 96 }, { tagLength: 32 }, { additionalData: bytes("x") }, { tagLength: 5 }, { iv: bytes("") }, { iv: "no" }]) seen.push(await subtle.encrypt({ name: "AES-GCM", iv: bytes("123456789012"), ...more }, key, bytes("m")).then(hex, (e) => e.name)); return seen; })()':
      "a tag of 32 bits is refused: it protects little",
    'crypto.subtle.generateKey("Ed25519", true, ["sign"]).then(({ privateKey }) => crypto.subtle.exportKey("raw", privateKey))':
      "it is Node that deviates",
  },
);
