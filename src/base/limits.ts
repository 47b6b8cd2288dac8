/**
 * Limits (promise P6): every bound that is not a user's setting, in one exported record, and the defaults of those that are.
 * Units are the last word of a name, bounds end in Max. A test reaches each.
 */
import type { Of } from "./shape.ts";
import { oneOf, record, whole } from "./shape.ts";

export const limits = {
  /** One frame on a pipe between processes, header and body. */
  frameBytesMax: 9 * 1024 * 1024,
  /** An inventory or the usages of a full cell, or an environment, travel in a header. */
  frameHeaderBytesMax: 2 * 1024 * 1024,
  /** Arguments of a call, a message, a result. */
  payloadBytesMax: 4 * 1024 * 1024,
  /** Source handed to Deploy or Validate. */
  sourceBytesMax: 4 * 1024 * 1024,
  environmentCountMax: 256,
  environmentValueBytesMax: 32 * 1024,
  /** A release's environment as JSON: it travels in one header, with room beside it. */
  environmentBytesMax: 1024 * 1024,
  methodNameLengthMax: 128,
  /** Nested in-cell calls. */
  callDepthMax: 8,
  /** Services on one chain of waiting calls. */
  callChainMax: 32,
  callTimeoutMsDefault: 5_000,
  callTimeoutMsMax: 600_000,
  /** The longest that a system service may take to answer. */
  systemCallTimeoutMsMax: 2_000,
  /** Calls under way through the router, per tenant. */
  callsInFlightMax: 10_000,
  /** Bytes of their arguments, which are kept until they are answered. */
  callBytesInFlightMax: 64 * 1024 * 1024,
  /** Calls with a request_id that a cell remembers once they are answered: so many, so long, and so many bytes of results. */
  callsRememberedMax: 10_000,
  callRememberedMs: 10_000,
  callBytesRememberedMax: 16 * 1024 * 1024,
  /** Of those who ask for the outcome of one call that is under way: the newest. */
  callAskersMax: 100,
  /** How long ago a call that is sent again may have been sent first. */
  callAgeMsMax: 24 * 3_600_000,
  /** Messages a router holds for a service that is starting, per service. */
  parkedMessagesMax: 1_000,
  /** Bytes of such messages, per tenant; and how long one waits that nobody waits for. */
  parkedBytesPerTenantMax: 32 * 1024 * 1024,
  parkedCastMsMax: 60_000,
  /** Timers a service may have at once. */
  timersMax: 10_000,
  /** References a guest may hold at once. */
  referencesMax: 10_000,
  /** References in one message. */
  slotsMax: 256,
  /** Messages drained into an isolate at once. */
  drainBatchMax: 256,
  /** One log line of a guest. */
  logLineBytesMax: 8 * 1024,
  /** Log lines of a service kept in memory. */
  logRingLinesMax: 1_000,
  logRingBytesMax: 256 * 1024,
  /** Bytes of such lines, of all services of a tenant: those of services that were silent longest are read again when asked for. */
  logRingBytesPerTenantMax: 8 * 1024 * 1024,
  /** Log bytes per second that a service may write, sustained; more is dropped and counted. */
  logBytesPerSecondMax: 256 * 1024,
  logFileBytesMax: 16 * 1024 * 1024,
  logFilesMax: 4,
  /** Log files of all services of a tenant: the oldest are removed first. */
  logFileBytesPerTenantMax: 256 * 1024 * 1024,
  /** Events waiting for the disk. */
  commitQueueMax: 10_000,
  /** The same, once reports come on top that cannot be refused: deaths, and what follows from them. */
  commitQueueReportsMax: 100_000,
  eventPayloadBytesMax: 256 * 1024,
  eventsPageMax: 1_000,
  /** Types that one query of events may name. */
  eventTypesMax: 64,
  /** Bytes of payloads and artifacts waiting for the disk. */
  commitQueueBytesMax: 64 * 1024 * 1024,
  /** Bytes of payloads in one page of events: a page that would pass them ends early. */
  eventsPageBytesMax: 1024 * 1024,
  /** Queries waiting for the log's reader: of all, and of those about one tenant. Artifacts come before them, and are not counted. */
  logReadsMax: 1_000,
  logReadsPerTenantMax: 100,
  /** Replays (ReplayState) of one tenant, and of administrators: under way or waiting. One at a time is under way. */
  replaysPerTenantMax: 2,
  /** A snapshot is taken after so many events; so many are kept. */
  snapshotEveryEvents: 1_000,
  snapshotsKeptMax: 2,
  /** Source, compiled code, source map or environment of a release. */
  artifactBytesMax: 16 * 1024 * 1024,
  artifactsPerTenantMax: 10_000,
  artifactBytesPerTenantMax: 1024 ** 3,
  artifactCacheBytesMax: 32 * 1024 * 1024,
  /** Kinds of observation told apart per tenant between two flushes; further ones are counted together. */
  observationKindsMax: 100,
  /** Rows of observations kept per tenant; older ones are dropped and counted. */
  observationRowsMax: 1_000,
  /** request_ids remembered per tenant, and for how long. */
  requestsRememberedMax: 1_000,
  requestRememberedMsMax: 24 * 3_600_000,
  /** Deaths kept per service for Status. */
  deathsKeptMax: 10,
  /** The longest that ending a service may take. */
  shutdownTimeoutMsMax: 600_000,
  tenantsMax: 1_000,
  servicesPerTenantMax: 1_000,
  instancesPerServiceMax: 64,
  /**
   * Services in one cell process. Idle ones take 1.6 MB each of the 1 GiB that a cell may hold by default, and 8 memory maps
   * of the 65,530 that Linux allows.
   */
  isolatesPerCellMax: 500,
  /** Streams (Watch, WatchEvents) open at once, per principal. */
  watchersMax: 100,
  /** Streams of reflection, and those that watch health, open at once, each per principal. */
  sideStreamsMax: 16,
  /** Questions that one stream of reflection answers. */
  reflectionQuestionsMax: 1_000,
  /** Items a slow watcher may leave unread before it is told that it lost some. */
  watchQueueMax: 10_000,
  diskFreeBytesMin: 64 * 1024 * 1024,
} as const;

/** What a service may use: the public ResourceLimits, completed with defaults. */
export const resourceLimitsShape = record({
  maxMemoryBytes: whole(8 * 1024 * 1024, 64 * 1024 ** 3),
  maxProcesses: whole(1, 100_000),
  cpuShares: whole(1, 1_000_000),
  messageQueueLimit: whole(1, 1_000_000),
  startupTimeoutMs: whole(1, 600_000),
  shutdownTimeoutMs: whole(0, limits.shutdownTimeoutMsMax),
  /** CPU time for one message. */
  cpuTimeMs: whole(1, 600_000),
  limitExceededAction: oneOf("kill", "throttle", "warn"),
});
export type ResourceLimits = Of<typeof resourceLimitsShape>;

export const resourceLimitsDefault: ResourceLimits = {
  maxMemoryBytes: 128 * 1024 * 1024,
  maxProcesses: 100,
  cpuShares: 1_024,
  messageQueueLimit: 10_000,
  startupTimeoutMs: 5_000,
  shutdownTimeoutMs: 30_000,
  cpuTimeMs: 1_000,
  limitExceededAction: "kill",
};

/** System services have more of everything. */
export const systemResourceLimitsDefault: ResourceLimits = {
  ...resourceLimitsDefault,
  maxMemoryBytes: 512 * 1024 * 1024,
  maxProcesses: 1_000,
  cpuShares: 4_096,
  messageQueueLimit: 100_000,
};
