/** From a profile to what a connection needs. */
import { readFileSync } from "node:fs";
import { isProfile, parseProfile, type Profile } from "../api/index.ts";

/** PEM texts, and where to connect. */
export interface Connection {
  /** host:port */
  readonly address: string;
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
}

/** Throws if the file cannot be read or is no profile. */
export function loadProfile(path: string): Profile {
  const profile = parseProfile(readFileSync(path, "utf8"));
  if (!isProfile(profile)) throw new Error(`${path} is no Solo profile: ${profile.at} ${profile.misfit}`);
  return profile;
}

/** The profile's first identity, or the one of this name. Throws if there is none, or its files cannot be read. */
export function connectionOf(profile: Profile, name?: string): Connection {
  const identity = name === undefined ? profile.identities[0] : profile.identities.find((each) => each.name === name);
  if (identity === undefined) {
    const known = profile.identities.map((each) => each.name).join(", ");
    throw new Error(`The profile has no identity ${name ?? ""}; it has: ${known}`);
  }
  return {
    address: profile.address,
    ca: readFileSync(profile.ca, "utf8"),
    cert: readFileSync(identity.cert, "utf8"),
    key: readFileSync(identity.key, "utf8"),
  };
}
