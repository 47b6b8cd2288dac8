/**
 * From the command line and the profile to a connection, and from what goes wrong on it to a Halt. The only file of the
 * CLI that loads the client library: verbs that ask nothing stay quick.
 */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type Profile, profileFile } from "../api/index.ts";
import { type Connection, connect, loadProfile, type SoloClient, SoloError } from "../client/index.ts";
import type { GlobalOptions, Role } from "./command.ts";
import { exitCodeOf, exitCodes } from "./exit-codes.ts";
import { Halt, usageHalt } from "./halt.ts";

/** `preferred`: whose certificate to take if the command line does not say. */
export function openConnection(global: GlobalOptions, preferred: Role): SoloClient {
  return connect(connectionFor(global, preferred));
}

function connectionFor(global: GlobalOptions, preferred: Role): Connection {
  const { address, ca, cert, key } = global;
  if (address !== undefined && ca !== undefined && cert !== undefined && key !== undefined) {
    return { address, ca: readPem(ca, "--ca"), cert: readPem(cert, "--cert"), key: readPem(key, "--key") };
  }
  const path = join(global.dataDir, profileFile);
  const profile = readProfile(path);
  const files =
    cert === undefined || key === undefined ? findIdentity(profile, global, preferred, path) : { cert, key };
  return {
    address: address ?? profile.address,
    ca: readPem(ca ?? profile.ca, "the CA certificate"),
    cert: readPem(files.cert, "the client certificate"),
    key: readPem(files.key, "the private key"),
  };
}

function readProfile(path: string): Profile {
  if (!existsSync(path)) {
    throw new Halt({
      code: "NO_PROFILE",
      exit: exitCodes.unreachable,
      message: `No Solo has been started with this data directory: ${path} does not exist.`,
      remedy:
        "Start one with `solo start`, name its directory with --data-dir, or give --address, --ca, --cert and --key.",
    });
  }
  try {
    return loadProfile(path);
  } catch (error) {
    throw new Halt({
      code: "PROFILE_UNUSABLE",
      exit: exitCodes.unreachable,
      message: error instanceof Error ? error.message : String(error),
      remedy: "Restart Solo, which writes its profile at every start.",
    });
  }
}

function findIdentity(profile: Profile, global: GlobalOptions, preferred: Role, path: string) {
  const { as, tenant } = global;
  const { identities } = profile;
  if (as !== undefined) {
    const named = identities.find(({ name }) => name === as) ?? identities.find(({ role }) => role === as);
    if (named !== undefined) return named;
    const known = identities.map(({ name }) => name).join(", ");
    throw usageHalt(
      `The profile has no identity ${as}; it has ${known}.`,
      "Choose one of these, or give --cert and --key.",
    );
  }
  const role = tenant === undefined ? preferred : "admin";
  const found =
    identities.find((identity) => identity.role === role) ?? (tenant === undefined ? identities[0] : undefined);
  if (found !== undefined) return found;
  throw new Halt({
    code: "NO_IDENTITY",
    exit: exitCodes.notAllowed,
    message: `The profile ${path} has no ${role} certificate.`,
    remedy: "Give --cert and --key.",
  });
}

function readPem(path: string, what: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    throw new Halt({
      code: "CERTIFICATE_UNREADABLE",
      exit: exitCodes.notAllowed,
      message: `${what} cannot be read: ${error instanceof Error ? error.message : String(error)}`,
      remedy: "Run as the user who started Solo, or give --ca, --cert and --key.",
    });
  }
}

/** What the client library threw, as the CLI shows it; undefined if it is not the client's. */
export function haltOfClient(error: unknown): Halt | undefined {
  if (!(error instanceof SoloError)) return undefined;
  const { code, status, message, remedy, detail, executed, guestStack, death, diagnostics, logs } = error;
  return new Halt({
    code,
    status,
    exit: exitOf(error),
    message: code === "UNREACHABLE" ? `No Solo answers: ${message}` : message,
    remedy,
    detail,
    ...(executed === undefined ? {} : { executed }),
    ...(guestStack === undefined ? {} : { stack: guestStack }),
    ...(death === undefined ? {} : { death: death.summary }),
    places: diagnostics.map(({ severity, message: what, file, line, column, excerpt }) => {
      return { severity, message: what, file, line, column, excerpt };
    }),
    logs: logs.map(({ level, message: line }) => ({ level, message: line })),
  });
}

function exitOf({ code, status }: SoloError) {
  switch (code) {
    case "UNREACHABLE":
      return exitCodes.unreachable;
    case "TIMEOUT":
      return exitCodes.tryLater;
    case "CANCELLED":
      return exitCodes.interrupted;
    default:
      return exitCodeOf(code, status);
  }
}
