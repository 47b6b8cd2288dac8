/** Everything of base that travels or is kept: ids, deaths and losses of every kind, limits. */
import fc from "fast-check";
import {
  type CellLoss,
  cellNumber,
  type Death,
  defined,
  eventId,
  type GuestError,
  incarnationNumber,
  kernelEpoch,
  limits,
  parseArtifactHash,
  parseReleaseId,
  parseRequestId,
  parseServiceId,
  parseTenantId,
  type ResourceLimits,
  type SandboxFound,
} from "../../src/base/index.ts";
import { fields, listed, type Variants, variants, whole, word, words } from "./typed.ts";

const name = fc.string({ unit: fc.constantFrom(..."aZ09_-".split("")), minLength: 1, maxLength: 6 });
const hex = fc.string({ unit: fc.constantFrom(..."0123456789abcdef".split("")), minLength: 64, maxLength: 64 });

export const tenant = name.map((text) => defined(parseTenantId(text), "a tenant"));
export const service = name.map((text) => defined(parseServiceId(text), "a service"));
export const release = hex.map((text) => defined(parseReleaseId(text), "a release"));
export const artifact = hex.map((text) => defined(parseArtifactHash(text), "an artifact"));
export const requestId = name.map((text) => defined(parseRequestId(text), "a request_id"));
export const incarnation = whole(1).map(incarnationNumber);
export const cell = whole(0).map(cellNumber);
export const epoch = whole(0).map(kernelEpoch);
export const event = whole(0).map(eventId);

/** Finite, as JSON gives it back. */
const amount = fc.double({ min: 0, max: 1e9, noNaN: true });
const yesNo = word({ yes: true, no: true });

export const guestError = fields<GuestError>([{ name: words, message: words, stack: words }]);

const losses: Variants<CellLoss> = {
  signal: [{ signal: words }, { lastWords: words }],
  exit: [{ code: whole(0, 255) }, { lastWords: words }],
  seccomp: [{}, { lastWords: words }],
  memory: [{ rssBytes: whole(0), limitBytes: whole(0) }],
  hang: [{ silentMs: whole(0) }],
  protocol: [{ problem: words }],
  spawn: [{ problem: words }],
  node: [{}],
  closed: [{}],
  unknown: [{}],
};
export const cellLoss: fc.Arbitrary<CellLoss> = variants(losses);

const deaths: Variants<Death> = {
  crashed: [
    {
      where: word({ load: true, init: true, message: true, timer: true, rejection: true, terminate: true }),
      error: guestError,
    },
  ],
  out_of_memory: [{ limitBytes: whole(0) }],
  cpu_timeout: [{ limitMs: amount }, { method: words }],
  startup_timeout: [{ limitMs: amount }],
  mailbox_overflow: [{ limit: whole(0) }],
  limit_exceeded: [
    {
      what: word({ memory: true, processes: true, tenant_memory: true, tenant_processes: true }),
      used: whole(0),
      limit: whole(0),
    },
  ],
  shed: [{ what: words, percent: whole(0) }],
  killed: [{ by: words, forced: yesNo }],
  stopped: [
    {
      why: word({
        normal: true,
        shutdown: true,
        sibling: true,
        tenant_deleted: true,
        replaced: true,
        escalated: true,
      }),
    },
  ],
  shutdown_timeout: [{ limitMs: amount }],
  cell_lost: [
    { loss: cellLoss, inFlight: yesNo },
    { culprit: words, suspect: word({ first: true, again: true }) },
  ],
};
export const death: fc.Arbitrary<Death> = variants(deaths);

export const resourceLimits = fields<ResourceLimits>([
  {
    maxMemoryBytes: whole(8 * 1024 * 1024, 64 * 1024 ** 3),
    maxProcesses: whole(1, 100_000),
    cpuShares: whole(1, 1_000_000),
    messageQueueLimit: whole(1, 1_000_000),
    startupTimeoutMs: whole(1, 600_000),
    shutdownTimeoutMs: whole(0, limits.shutdownTimeoutMsMax),
    cpuTimeMs: whole(1, 600_000),
    limitExceededAction: word({ kill: true, throttle: true, warn: true }),
  },
]);

export const sandboxFound = fields<SandboxFound>([
  {
    tier: words,
    layers: listed(
      fields<SandboxFound["layers"][number]>([
        { layer: words, active: fc.boolean() },
        { why: words, means: words },
      ]),
    ),
    passedOver: listed(fields<SandboxFound["passedOver"][number]>([{ tier: words, why: words }])),
  },
]);

/** All kinds that there are. */
export const lossKinds = Object.keys(losses) as readonly CellLoss["type"][];
export const deathKinds = Object.keys(deaths) as readonly Death["type"][];
