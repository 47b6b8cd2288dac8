/**
 * gateways: LISTENS. Identity, the operations, and the protocols over them, all made from api's operation table. A gateway
 * translates and authenticates; it never decides. Everything that it needs of the kernel comes by ports.
 * Keeps P3 (answers wait for the disk: the ports do), P4 (what was refused, and why, reaches the client whole) and P6
 * (requests, connections, streams and queues are bounded).
 */
export { startGrpc, type GrpcOptions, type GrpcServer } from "./grpc/server.ts";
export { grpcLimits, type GrpcLimits } from "./grpc/limits.ts";
export { defaultTenant, provideIdentity, type Identity, type IdentityOptions } from "./identity/provide.ts";
export { principalOf } from "./identity/principal.ts";
export { writeProfile } from "./identity/write-profile.ts";
export { makeRunner, type Asked, type Report, type Runner } from "./operations/run.ts";
export type * from "./inspection.ts";
export type * from "./ports.ts";
export { type ShedderLimits } from "./shedder.ts";
export { makeShedding, type Shedding, sheddingDefaults, type SheddingLimits } from "./shedding.ts";
