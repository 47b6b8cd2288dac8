/**
 * api: the public contract. The generated messages, the operation table that every gateway and client is made from, and the
 * conversions between the contract's words and the kernel's. Pure ECMAScript; nothing here listens or decides.
 * Keeps P6: what is encoded for a client has a bound.
 */
export * from "./gen/solo/v1/solo_pb.ts";
export {
  Health,
  HealthCheckResponse_ServingStatus,
  file_grpc_health_v1_health,
} from "./gen/grpc/health/v1/health_pb.ts";
export { deathOf, plainObject, stackOf } from "./death.ts";
export {
  detailsBytesMax,
  messageLengthMax,
  readStatus,
  statusOf,
  withEvidence,
  type EncodedStatus,
  type Evidence,
  type Executed,
  type Failure,
  type Trouble,
} from "./failure.ts";
export {
  operationOf,
  operations,
  type ImplementedName,
  type Operation,
  type OperationName,
  type Schemas,
  type StreamName,
  type UnaryName,
} from "./operations.ts";
export { parseResourceLimits, resourceLimitsOf } from "./resource-limits.ts";
export { statusCodes, statusNameOf, type StatusCodeName } from "./status-codes.ts";
export {
  isAsSevere,
  logLevels,
  parseFormat,
  parseLevel,
  parseRestart,
  parseStrategy,
  parseTier,
  restartOf,
  statusValue,
  statusWord,
  strategyOf,
  tierOf,
  type Format,
  type Level,
  type StatusWord,
  type Tier,
} from "./words.ts";
export { isProfile, parseProfile, profileFile, profileShape, type Profile, type ProfileIdentity } from "./profile.ts";
