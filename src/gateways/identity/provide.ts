/**
 * The node's identity: an authority, the server's certificate and those of its first clients, under `<data>/certs`.
 *
 *   first start   everything is made in a folder beside, which then takes its name: all of it is there, or nothing
 *   later starts  files are read and checked; an expiring server certificate, or one without a configured name, is renewed;
 *                 so are the admin's and the default tenant's, unless someone took them away
 */
import { hkdfSync, randomBytes, X509Certificate } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, rename, rm } from "node:fs/promises";
import { hostname } from "node:os";
import { isIP } from "node:net";
import { join, resolve } from "node:path";
import { insist, isRefusal, type Instant, type Refusal } from "../../base/index.ts";
import type { Certificates } from "../ports.ts";
import {
  expiredProblem,
  finishReplacing,
  foreignProblem,
  presence,
  readPair,
  replacePair,
  writePair,
  type Pair,
  type PairPaths,
} from "./files.ts";
import { readHeld } from "./held.ts";
import { tenancyIn, tenancyUri } from "./tenancy.ts";
import { fingerprintOf, mintAuthority, mintClient, mintServer, type Subject } from "./mint.ts";

/** The tenant that exists from the first start. */
export const defaultTenant = "default";

const caDays = 3_650;
const serverDays = 397;
const clientDays = 365;
const renewMs = 30 * 86_400_000;

export interface ServerPems {
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
}

export interface Client {
  /** `admin`, or the tenant's id. */
  readonly name: string;
  readonly role: "admin" | "tenant";
  readonly paths: PairPaths;
}

export interface Identity extends Certificates {
  readonly caPath: string;
  readonly clients: readonly Client[];
  readonly server: ServerPems;
  /** The server's certificate as it is to be from `nowMs` on: renewed if it expires soon. Refuses what cannot be read. */
  readonly renewed: (nowMs: number) => Promise<ServerPems | Refusal>;
  /** A key of this node for one purpose, the same at every start, derived from the authority's. 32 bytes. */
  readonly secretFor: (purpose: string) => Uint8Array;
}

export interface IdentityOptions {
  /** Further names or addresses that clients connect to. */
  readonly hosts?: readonly string[];
  readonly now: () => number;
}

export async function provideIdentity(dataDir: string, options: IdentityOptions): Promise<Identity | Refusal> {
  const dir = join(resolve(dataDir), "certs");
  const hosts = hostsOf(options.hosts ?? []);
  if (!existsSync(dir)) await makeAll(dir, hosts, options.now());
  const paths = pathsIn(dir);

  const authority = readPair(paths.ca);
  if (isRefusal(authority)) return authority;
  const outlived = expiredProblem(
    authority,
    options.now(),
    `Move ${dir} away and start again: a new authority is made, and all certificates must be issued anew.`,
  );
  if (outlived !== undefined) return outlived;

  const renewed = async (nowMs: number): Promise<ServerPems | Refusal> => {
    const pair = await provideServer(paths.server, authority, hosts, nowMs);
    return isRefusal(pair) ? pair : { ca: authority.certPem, cert: pair.certPem, key: pair.keyPem };
  };
  const server = await renewed(options.now());
  if (isRefusal(server)) return server;

  const clients: Client[] = [];
  for (const client of firstClients(dir)) {
    const there = await keepClient(client, authority, options.now());
    if (isRefusal(there)) return there;
    if (there) clients.push(client);
  }
  const secretFor = (purpose: string): Uint8Array => {
    const secret = authority.key.export({ type: "pkcs8", format: "der" });
    return new Uint8Array(hkdfSync("sha256", secret, "solo", purpose, 32));
  };
  const files = [
    { name: "ca", cert: paths.ca.cert },
    { name: "server", cert: paths.server.cert },
    ...clients.map(({ name, paths: { cert } }) => ({ name, cert })),
  ];
  return {
    caPath: paths.ca.cert,
    clients,
    server,
    renewed,
    secretFor,
    issue: issuer(authority, options.now),
    held: () => readHeld(files),
  };
}

const pair = (dir: string, name: string): PairPaths => ({
  cert: join(dir, `${name}.pem`),
  key: join(dir, `${name}.key`),
});

const pathsIn = (dir: string): { readonly ca: PairPaths; readonly server: PairPaths } => ({
  ca: pair(dir, "ca"),
  server: pair(dir, "server"),
});

const firstClients = (dir: string): readonly Client[] => [
  { name: "admin", role: "admin", paths: pair(dir, "admin") },
  { name: defaultTenant, role: "tenant", paths: pair(dir, `tenant-${defaultTenant}`) },
];

const subjectOf = (
  client: { readonly name: string; readonly role: "admin" | "tenant" },
  bornAt?: Instant,
): Subject => ({
  commonName: client.name,
  unit: client.role,
  ...(bornAt === undefined ? {} : { uri: tenancyUri(bornAt) }),
});

/** Names that clients on this machine use, and the configured ones. */
function hostsOf(configured: readonly string[]): readonly string[] {
  // A name with other characters cannot stand in a certificate, and could not be connected to either.
  const usable = (host: string): boolean => isIP(host) !== 0 || /^[A-Za-z0-9]([A-Za-z0-9._-]{0,252})$/.test(host);
  return [...new Set(["localhost", "127.0.0.1", "::1", hostname(), ...configured])].filter(usable);
}

async function makeAll(dir: string, hosts: readonly string[], nowMs: number): Promise<void> {
  // What a crash left of an earlier attempt is worth nothing; the data directory has one owner at a time.
  const fresh = `${dir}.new`;
  await rm(fresh, { recursive: true, force: true });
  await mkdir(fresh, { recursive: true, mode: 0o700 });
  try {
    const paths = pathsIn(fresh);
    const ca = await mintAuthority(`Solo CA ${randomBytes(4).toString("hex")}`, { nowMs, days: caDays });
    await writePair(paths.ca, ca);
    await writePair(paths.server, await mintServer(ca, hosts, { nowMs, days: serverDays }));
    for (const client of firstClients(fresh)) {
      await writePair(client.paths, await mintClient(ca, subjectOf(client), { nowMs, days: clientDays }));
    }
    await rename(fresh, dir);
  } finally {
    await rm(fresh, { recursive: true, force: true });
  }
}

async function provideServer(
  paths: PairPaths,
  authority: Pair,
  hosts: readonly string[],
  nowMs: number,
): Promise<Pair | Refusal> {
  await finishReplacing(paths);
  const there = presence(paths);
  if (isRefusal(there)) return there;
  if (there === "both") {
    const current = readPair(paths);
    if (isRefusal(current)) return current;
    const foreign = foreignProblem(current, authority);
    if (foreign !== undefined) return foreign;
    if (current.notAfterMs > nowMs + renewMs && hosts.every((host) => covers(current.certificate, host)))
      return current;
  }
  await replacePair(paths, await mintServer(authority, hosts, { nowMs, days: serverDays }));
  return readPair(paths);
}

const covers = (certificate: X509Certificate, host: string): boolean =>
  (isIP(host) === 0 ? certificate.checkHost(host) : certificate.checkIP(host)) !== undefined;

/** Renews a client's certificate where it lies; false if it was taken away. */
async function keepClient(client: Client, authority: Pair, nowMs: number): Promise<boolean | Refusal> {
  await finishReplacing(client.paths);
  const there = presence(client.paths);
  if (isRefusal(there)) return there;
  if (there === "neither") return false;
  const current = readPair(client.paths);
  if (isRefusal(current)) return current;
  const foreign = foreignProblem(current, authority);
  if (foreign !== undefined) return foreign;
  if (current.notAfterMs <= nowMs + renewMs) {
    // It stays the certificate of the tenant that it was of.
    const subject = subjectOf(client, tenancyIn(current.certificate.subjectAltName));
    await replacePair(client.paths, await mintClient(authority, subject, { nowMs, days: clientDays }));
  }
  return true;
}

function issuer(authority: Pair, now: () => number): Certificates["issue"] {
  return async ({ role, tenant, bornAt, days }) => {
    insist((role === "tenant") === (tenant !== undefined), "a tenant's certificate names it, an admin's does not");
    const subject = subjectOf({ name: tenant ?? "admin", role }, bornAt);
    const { certPem, keyPem } = await mintClient(authority, subject, { nowMs: now(), days });
    return {
      certificatePem: certPem,
      privateKeyPem: keyPem,
      caPem: authority.certPem,
      notAfterMs: new X509Certificate(certPem).validToDate.getTime(),
      fingerprint: fingerprintOf(certPem),
    };
  };
}
