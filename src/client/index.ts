/**
 * client: ASKS. A small typed client of the public contract over gRPC with mutual TLS. Published on its own: it knows base
 * and api, grpc-js and Node, and nothing of how a Solo works inside.
 */
export { connect, type SoloClient } from "./client.ts";
export { SoloError, type SoloErrorCode } from "./error.ts";
export { connectionOf, loadProfile, type Connection } from "./profile.ts";
export type { StreamOptions } from "./stream.ts";
export type { CallOptions } from "./unary.ts";
