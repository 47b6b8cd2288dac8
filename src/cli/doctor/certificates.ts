/** The certificates that the profile names, and the server's beside them: how long they hold, and who may read the keys. */
import { X509Certificate } from "node:crypto";
import { existsSync, readFileSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { isProfile, parseProfile, profileFile } from "../../api/index.ts";
import { sayDuration } from "../output/say.ts";
import { causeOf, fail, type Finding, ok, warn } from "./finding.ts";

const soonMs = 14 * 86_400_000;

export function examineCertificates(dataDir: string, nowMs: number): readonly Finding[] {
  const path = join(dataDir, profileFile);
  if (!existsSync(path)) return [warn("profile", "none yet", "solo start writes it, with the first certificates.")];
  const profile = parseProfile(readFileSync(path, "utf8"));
  if (!isProfile(profile)) {
    return [
      fail("profile", `${path} is no profile: ${profile.at} ${profile.misfit}`, "Restart Solo, which writes it anew."),
    ];
  }
  const server = join(dirname(profile.ca), "server.pem");
  return [
    ok("profile", `${profile.address}, ${profile.identities.map(({ name }) => name).join(", ")}`),
    examineCertificate("CA", profile.ca, nowMs),
    ...(existsSync(server) ? [examineCertificate("server", server, nowMs)] : []),
    ...profile.identities.flatMap(({ name, cert, key }) => [
      examineCertificate(name, cert, nowMs),
      ...examineKey(name, key),
    ]),
  ];
}

function examineCertificate(name: string, path: string, nowMs: number): Finding {
  const check = "certificate";
  const renew = "Restart Solo, which renews its own; others: solo cert issue.";
  try {
    const { validFromDate, validToDate } = new X509Certificate(readFileSync(path));
    const leftMs = validToDate.getTime() - nowMs;
    if (validFromDate.getTime() > nowMs) return fail(check, `${name}: not valid yet`, "Set the clock.");
    if (leftMs <= 0) return fail(check, `${name}: expired on ${validToDate.toISOString()}`, renew);
    const says = `${name}: valid for ${sayDuration(leftMs)}`;
    return leftMs < soonMs ? warn(check, says, renew) : ok(check, says);
  } catch (error) {
    return fail(check, `${name}: ${causeOf(error)}`, "Restore it from a backup.");
  }
}

function examineKey(name: string, path: string): readonly Finding[] {
  try {
    const mode = statSync(path).mode & 0o777;
    return (mode & 0o077) === 0
      ? []
      : [fail("key", `${name}: others may read ${path}`, `chmod 600 ${path}; if others may have read it, replace it.`)];
  } catch (error) {
    return [fail("key", `${name}: ${causeOf(error)}`, "Restore it from a backup.")];
  }
}
