/**
 * The profile: where a Solo listens and which certificates speak for whom. The daemon writes it to
 * `<data>/profile.json` at each start; clients read it. Paths are absolute; it holds no secret, the files it names do.
 */
import { isMisfit, listOf, literal, misfit, oneOf, record, text, type Misfit, type Of } from "../base/index.ts";

export const profileFile = "profile.json";

const identityShape = record({
  /** `admin`, or a tenant's id. */
  name: text(64),
  role: oneOf("admin", "tenant"),
  /** PEM files. */
  cert: text(4_096),
  key: text(4_096),
});

export const profileShape = record({
  version: literal("1"),
  /** host:port of the gRPC gateway. */
  address: text(300),
  ca: text(4_096),
  /** The first one is used unless another is asked for. */
  identities: listOf(identityShape, 1_000),
});
export type Profile = Of<typeof profileShape>;
export type ProfileIdentity = Profile["identities"][number];

/** Reads the text of a profile. */
export function parseProfile(json: string): Profile | Misfit {
  try {
    return profileShape(JSON.parse(json));
  } catch {
    return misfit("", "is not JSON");
  }
}

export const isProfile = (value: Profile | Misfit): value is Profile => !isMisfit(value);
