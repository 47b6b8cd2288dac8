/** Bounds of the gRPC gateway (P6). */
import { limits } from "../../base/index.ts";

export const grpcLimits = {
  /** A request: source or arguments, and the fields beside them. */
  requestBytesMax: Math.max(limits.sourceBytesMax, limits.payloadBytesMax) + 1024 * 1024,
  connectionsMax: 1_000,
  /** Of one tenant: the others, and the administrator, still get in. */
  connectionsPerTenantMax: 100,
  /** Requests under way on one connection; the client queues the rest. */
  streamsPerConnectionMax: 256,
  /** Requests of one principal that are half received at once: what it can make the kernel hold. */
  receivingPerPrincipalMax: 16,
  /**
   * Answers that one principal has not read: past this its further requests wait. Of those that had begun before, answers past
   * eight times as much are refused.
   */
  unreadBytesMax: 32 * 1024 * 1024,
  /** From the first byte of TCP to the end of the TLS handshake. */
  handshakeMsMax: 5_000,
  /** A connection without a request for this long is closed; clients connect again by themselves. */
  idleMsMax: 15 * 60_000,
  /** A peer that says nothing is asked for a sign of life this often, and dropped without one. */
  keepaliveMs: 20_000,
  keepaliveMsMax: 10_000,
} as const;

export type GrpcLimits = { readonly [K in keyof typeof grpcLimits]: number };
