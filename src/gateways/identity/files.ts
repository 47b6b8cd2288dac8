/**
 * Certificate files: what is read from them and how they are written. A key file that others may read is refused, never
 * mended in silence: it may have been read already.
 */
import { createPrivateKey, X509Certificate, type KeyObject } from "node:crypto";
import { existsSync, readFileSync, statSync } from "node:fs";
import { open, readFile, rename, rm } from "node:fs/promises";
import { isRefusal, refuse, type Refusal } from "../../base/index.ts";

export interface PairPaths {
  readonly cert: string;
  readonly key: string;
}

export interface Pair {
  readonly paths: PairPaths;
  readonly certPem: string;
  readonly keyPem: string;
  readonly certificate: X509Certificate;
  readonly key: KeyObject;
  readonly notAfterMs: number;
}

const unusable = (file: string, why: string, mend: string): Refusal =>
  refuse("CERTIFICATE_FILE_UNUSABLE", { file, why, mend });

const restore = (file: string): string => `Restore ${file} from a backup.`;

/** Reads a certificate and its key, and checks that they are readable, private and belong together. */
export function readPair(paths: PairPaths): Pair | Refusal {
  const certPem = readText(paths.cert);
  if (isRefusal(certPem)) return certPem;
  const certificate = parsed(() => new X509Certificate(certPem));
  if (certificate === undefined) return unusable(paths.cert, "it is not a PEM certificate", restore(paths.cert));
  const problem = modeProblem(paths.key);
  if (problem !== undefined) return problem;
  const keyPem = readText(paths.key);
  if (isRefusal(keyPem)) return keyPem;
  const key = parsed(() => createPrivateKey(keyPem));
  if (key === undefined) return unusable(paths.key, "it is not a PEM private key", restore(paths.key));
  if (!certificate.checkPrivateKey(key)) {
    return unusable(paths.key, `it is not the key of ${paths.cert}`, `Restore both ${paths.cert} and ${paths.key}.`);
  }
  return { paths, certPem, keyPem, certificate, key, notAfterMs: certificate.validToDate.getTime() };
}

/** A no if the pair is not signed by this authority. */
export function foreignProblem(pair: Pair, authority: Pair): Refusal | undefined {
  const { certificate, paths } = pair;
  if (certificate.checkIssued(authority.certificate) && certificate.verify(authority.certificate.publicKey)) {
    return undefined;
  }
  return unusable(
    paths.cert,
    `it was not issued by ${authority.paths.cert}`,
    `Delete ${paths.cert} and ${paths.key}, or restore the authority that issued them.`,
  );
}

export function expiredProblem(pair: Pair, nowMs: number, mend: string): Refusal | undefined {
  const { validFromDate, validTo } = pair.certificate;
  if (pair.notAfterMs <= nowMs) return unusable(pair.paths.cert, `it expired on ${validTo}`, mend);
  // A clock that is off would otherwise show only as a handshake that fails at every client.
  if (validFromDate.getTime() > nowMs) {
    return unusable(pair.paths.cert, `it is valid only from ${pair.certificate.validFrom}`, "Set the machine's clock.");
  }
  return undefined;
}

/** Whether both files are there, or neither; one alone is a problem. */
export function presence(paths: PairPaths): "both" | "neither" | Refusal {
  const cert = existsSync(paths.cert);
  if (cert === existsSync(paths.key)) return cert ? "both" : "neither";
  const [there, missing] = cert ? [paths.cert, paths.key] : [paths.key, paths.cert];
  return unusable(missing, "it is missing", `Restore it, or delete ${there} as well.`);
}

function readText(file: string): string | Refusal {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    return unusable(file, reasonOf(error), `Make ${file} readable for the user that runs Solo.`);
  }
}

function modeProblem(file: string): Refusal | undefined {
  try {
    const mode = statSync(file).mode & 0o777;
    if ((mode & 0o077) === 0) return undefined;
    return unusable(
      file,
      `others may read it (mode ${mode.toString(8).padStart(4, "0")})`,
      `Run chmod 600 ${file}; if others may have read it, replace it.`,
    );
  } catch (error) {
    return unusable(file, reasonOf(error), restore(file));
  }
}

const reasonOf = (error: unknown): string =>
  error instanceof Error && "code" in error ? String(error.code) : "it cannot be read";

function parsed<T>(parse: () => T): T | undefined {
  try {
    return parse();
  } catch {
    return undefined;
  }
}

export interface PemPair {
  readonly certPem: string;
  readonly keyPem: string;
}

/** Writes new files, durably; fails if one is there. Only the owner may read the key. */
export async function writePair(paths: PairPaths, pair: PemPair): Promise<void> {
  await writeNew(paths.key, pair.keyPem, 0o600);
  await writeNew(paths.cert, pair.certPem, 0o644);
}

/**
 * Replaces a pair: both are written beside, then the key takes its place, then the certificate. A crash in between leaves
 * only `<cert>.next`; {@link finishReplacing} ends what was begun.
 */
export async function replacePair(paths: PairPaths, pair: PemPair): Promise<void> {
  const next = nextOf(paths);
  await Promise.all([rm(next.cert, { force: true }), rm(next.key, { force: true })]);
  await writeNew(next.cert, pair.certPem, 0o644);
  await writeNew(next.key, pair.keyPem, 0o600);
  await rename(next.key, paths.key);
  await rename(next.cert, paths.cert);
}

export async function finishReplacing(paths: PairPaths): Promise<void> {
  const next = nextOf(paths);
  if (!existsSync(next.cert)) return;
  const key = await readFile(existsSync(next.key) ? next.key : paths.key, "utf8").catch(() => "");
  const belongs = parsed(() => new X509Certificate(readFileSync(next.cert)).checkPrivateKey(createPrivateKey(key)));
  if (belongs !== true) return;
  if (existsSync(next.key)) await rename(next.key, paths.key);
  await rename(next.cert, paths.cert);
}

const nextOf = (paths: PairPaths): PairPaths => ({ cert: `${paths.cert}.next`, key: `${paths.key}.next` });

async function writeNew(path: string, text: string, mode: number): Promise<void> {
  const file = await open(path, "wx", mode);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
}
