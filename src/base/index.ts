/**
 * base: the words. Branded ids, refusals, shapes, limits, instants, deaths and assertions that every room speaks.
 * Pure ECMAScript: no clock, no randomness, no I/O, no dependencies.
 */
export {
  type CellLoss,
  cellLossShape,
  type Death,
  deathShape,
  type ExceededLimit,
  type Excess,
  type GuestError,
  guestErrorShape,
  isAbnormal,
  sayDeath,
  sayExcess,
  sayLoss,
} from "./death.ts";
export {
  type ArtifactHash,
  cellNumber,
  type CellNumber,
  eventId,
  type EventId,
  type IncarnationAddress,
  incarnationNumber,
  type IncarnationNumber,
  kernelEpoch,
  type KernelEpoch,
  parseArtifactHash,
  parseReleaseId,
  parseRequestId,
  parseServiceId,
  parseTenantId,
  pidOf,
  type ReleaseId,
  type RequestId,
  type ServiceId,
  type TenantId,
} from "./ids.ts";
export { Bug, defined, insist, never } from "./insist.ts";
export { instant, type Instant, later, latest } from "./instant.ts";
export {
  limits,
  type ResourceLimits,
  resourceLimitsDefault,
  resourceLimitsShape,
  systemResourceLimitsDefault,
} from "./limits.ts";
export {
  isRefusal,
  type Refusal,
  type RefusalCode,
  type RefusalDetail,
  refusals,
  refuse,
  remedy,
  say,
  type StatusName,
} from "./refusal.ts";
export { remedyOfDeath } from "./remedy.ts";
export { type SandboxFound, sandboxFoundShape, type SandboxSaying, saySandboxFound } from "./sandbox-found.ts";
export {
  amount,
  branded,
  flag,
  isMisfit,
  listOf,
  literal,
  misfit,
  type Misfit,
  type Of,
  oneOf,
  optional,
  record,
  recordOf,
  type Shape,
  text,
  union,
  unionBy,
  whole,
} from "./shape.ts";
export {
  type Backoff,
  backoffMs,
  type Child,
  type Exit,
  type Intensity,
  recentRestarts,
  type RestartType,
  type Strategy,
  supervise,
  type Supervised,
  type SupervisorSpec,
} from "./supervision.ts";
