/** Makes certificates: P-256, SHA-256. The library takes 86 ms to load, so it is loaded when the first one is made. */
import { createPrivateKey, randomBytes, webcrypto, X509Certificate } from "node:crypto";
import { isIP } from "node:net";
import type { Extension, X509Certificate as Certificate } from "@peculiar/x509";
import type { PemPair } from "./files.ts";

const dayMs = 86_400_000;
/** Clocks of clients may be a little behind. */
const skewMs = 5 * 60_000;
const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" } as const;

type Library = typeof import("@peculiar/x509");

async function load(): Promise<Library> {
  await import("reflect-metadata");
  return import("@peculiar/x509");
}

export interface Subject {
  readonly commonName: string;
  /** admin or tenant; absent for servers and authorities. */
  readonly unit?: "admin" | "tenant";
  /** Names what it stands for, in a way that only this Solo reads. */
  readonly uri?: string;
}

export interface Term {
  readonly nowMs: number;
  readonly days: number;
}

/** A new authority: signs itself, may sign no other authority. */
export async function mintAuthority(name: string, term: Term): Promise<PemPair> {
  const x509 = await load();
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: serial(),
    name: nameOf({ commonName: name }),
    keys,
    signingAlgorithm: algorithm,
    ...validity(term),
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return pems(certificate, keys.privateKey);
}

/** `hosts` are DNS names and IP addresses that clients may connect to. */
export const mintServer = (authority: PemPair, hosts: readonly string[], term: Term): Promise<PemPair> =>
  mint(authority, { commonName: "solo" }, term, (x509) => [
    new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
    new x509.SubjectAlternativeNameExtension(
      hosts.map((host) => ({ type: isIP(host) === 0 ? ("dns" as const) : ("ip" as const), value: host })),
    ),
  ]);

export const mintClient = (authority: PemPair, subject: Subject, term: Term): Promise<PemPair> =>
  mint(authority, subject, term, (x509) => [
    new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.clientAuth]),
    ...(subject.uri === undefined
      ? []
      : [new x509.SubjectAlternativeNameExtension([{ type: "url" as const, value: subject.uri }])]),
  ]);

async function mint(
  authority: PemPair,
  subject: Subject,
  term: Term,
  uses: (x509: Library) => readonly Extension[],
): Promise<PemPair> {
  const x509 = await load();
  const issuer = new x509.X509Certificate(authority.certPem);
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
  const signingKey = createPrivateKey(authority.keyPem).toCryptoKey(algorithm, false, ["sign"]);
  const { notBefore, notAfter } = validity(term);
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: serial(),
    subject: nameOf(subject),
    issuer: issuer.subject,
    publicKey: keys.publicKey,
    signingKey,
    signingAlgorithm: algorithm,
    notBefore,
    // What outlives its authority would be worth nothing.
    notAfter: notAfter < issuer.notAfter ? notAfter : issuer.notAfter,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      ...uses(x509),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
      await x509.AuthorityKeyIdentifierExtension.create(issuer.publicKey),
    ],
  });
  return pems(certificate, keys.privateKey);
}

const validity = (term: Term): { readonly notBefore: Date; readonly notAfter: Date } => ({
  notBefore: new Date(term.nowMs - skewMs),
  notAfter: new Date(term.nowMs + term.days * dayMs),
});

/** Names are ids of tenants or our own words: they hold nothing that a distinguished name would need to escape. */
const nameOf = (subject: Subject): { [attribute: string]: string[] }[] => [
  { CN: [subject.commonName] },
  ...(subject.unit === undefined ? [] : [{ OU: [subject.unit] }]),
  { O: ["Solo"] },
];

/** 16 random bytes; the first bit is clear, since serial numbers are positive. */
const serial = (): string => {
  const bytes = randomBytes(16);
  bytes[0] = ((bytes[0] ?? 0) & 0x3f) | 0x40;
  return bytes.toString("hex");
};

async function pems(certificate: Certificate, privateKey: webcrypto.CryptoKey): Promise<PemPair> {
  const pkcs8 = Buffer.from(await webcrypto.subtle.exportKey("pkcs8", privateKey));
  const keyPem = createPrivateKey({ key: pkcs8, format: "der", type: "pkcs8" }).export({
    type: "pkcs8",
    format: "pem",
  });
  return { certPem: `${certificate.toString("pem")}\n`, keyPem: keyPem.toString() };
}

/** Lower-case hex SHA-256 of the certificate. */
export const fingerprintOf = (certPem: string): string =>
  new X509Certificate(certPem).fingerprint256.replaceAll(":", "").toLowerCase();
