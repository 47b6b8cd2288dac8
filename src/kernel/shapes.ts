/** The shapes of the kernel's nouns as they stand in files: the payloads of events and the parts of a snapshot. */
import {
  amount,
  branded,
  cellNumber,
  deathShape,
  type EventId,
  eventId,
  type IncarnationNumber,
  incarnationNumber,
  type Instant,
  instant,
  isMisfit,
  kernelEpoch,
  limits,
  listOf,
  oneOf,
  optional,
  parseArtifactHash,
  parseReleaseId,
  parseRequestId,
  parseServiceId,
  parseTenantId,
  record,
  resourceLimitsShape,
  type Shape,
  text,
  whole,
} from "../base/index.ts";
import { intensityMax } from "./defaults.ts";

/** A number that one of our constructors brands. */
const counter =
  <T extends number>(make: (n: number) => T, min: number): Shape<T> =>
  (value, at = "") => {
    const n = whole(min)(value, at);
    return isMisfit(n) ? n : make(n);
  };

export const instantShape: Shape<Instant> = (value, at = "") => {
  const ms = amount(value, at);
  return isMisfit(ms) ? ms : instant(ms);
};
export const eventIdShape: Shape<EventId> = counter(eventId, 0);
export const incarnationShape: Shape<IncarnationNumber> = counter(incarnationNumber, 1);
export const cellNumberShape = counter(cellNumber, 0);
export const epochShape = counter(kernelEpoch, 0);
export const tenantIdShape = branded(parseTenantId, "a tenant's name");
export const serviceIdShape = branded(parseServiceId, "a service's name");
export const requestIdShape = branded(parseRequestId, "a request_id");
const artifactShape = branded(parseArtifactHash, "a SHA-256 in hex");

export const instanceNumber = whole(1, limits.instancesPerServiceMax);
export const bornShape = record({ instance: instanceNumber, incarnation: incarnationShape });
export const bornListShape = listOf(bornShape, limits.instancesPerServiceMax);
export const fingerprintShape = text(256);
export const markShape = record({ id: requestIdShape, fingerprint: fingerprintShape });
export const restartsShape = listOf(amount, intensityMax.restartsMax);

const supervisionShape = record({
  strategy: oneOf("one_for_one", "one_for_all", "rest_for_one"),
  intensity: record({ restartsMax: whole(0, intensityMax.restartsMax), withinMs: whole(0, intensityMax.withinMs) }),
  backoff: record({ firstMs: amount, factor: amount, waitMsMax: amount }),
});

export const releaseShape = record({
  id: branded(parseReleaseId, "a SHA-256 in hex"),
  format: oneOf("typescript", "javascript"),
  source: artifactShape,
  compiled: artifactShape,
  sourceMap: artifactShape,
  environment: optional(artifactShape),
  limits: resourceLimitsShape,
  restart: oneOf("permanent", "transient", "temporary"),
  supervision: supervisionShape,
  tier: oneOf("user", "system"),
  logLevel: oneOf("ERROR", "WARN", "INFO", "DEBUG"),
});

export { deathShape };
