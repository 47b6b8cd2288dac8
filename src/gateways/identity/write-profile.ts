/** Writes the profile that clients on this machine find Solo by. */
import { randomBytes } from "node:crypto";
import { rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { profileFile, type Profile } from "../../api/index.ts";
import type { Identity } from "./provide.ts";

/** Replaces `<data>/profile.json` at once: a reader sees the old one or the new one. Returns its path. */
export async function writeProfile(wanted: {
  readonly dataDir: string;
  /** host:port that clients connect to. */
  readonly address: string;
  readonly identity: Identity;
}): Promise<string> {
  const { dataDir, address, identity } = wanted;
  const profile: Profile = {
    version: "1",
    address,
    ca: identity.caPath,
    identities: identity.clients.map(({ name, role, paths }) => ({ name, role, cert: paths.cert, key: paths.key })),
  };
  const path = join(dataDir, profileFile);
  const next = `${path}.${randomBytes(4).toString("hex")}`;
  await writeFile(next, `${JSON.stringify(profile, undefined, 2)}\n`, { mode: 0o600, flag: "wx" });
  await rename(next, path);
  return path;
}
