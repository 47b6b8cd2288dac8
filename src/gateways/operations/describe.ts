/** A service as its owner sees it: the kernel's reading of its state, in the contract's words, with what it uses. */
import { create } from "@bufbuild/protobuf";
import {
  InstanceStatusSchema,
  ResourceUsageSchema,
  statusValue,
  type InstanceStatus,
  type ResourceUsage,
  type StatusWord,
} from "../../api/index.ts";
import { never, pidOf, sayDeath, type IncarnationNumber, type Instant, type TenantId } from "../../base/index.ts";
import { serviceStatus, type Instance, type Phase, type Service } from "../../kernel/index.ts";
import type { Ports, Usage } from "../ports.ts";

type Usages = ReadonlyMap<IncarnationNumber, Usage>;

export interface Described {
  readonly status: StatusWord;
  /** Why it does not run, or not wholly; empty if all is well. */
  readonly reason: string;
  /** Of its first living incarnation, or else of the last that lived. */
  readonly pid: string;
  readonly uptimeSeconds: bigint;
  readonly usage: ResourceUsage;
  readonly instances: readonly InstanceStatus[];
  /** 0 if none is planned. */
  readonly nextRestartMs: bigint;
}

/** Which incarnations live, as far as the state does not know it: in safe mode it stands still, and only cells can tell. */
export type Lives = (incarnation: IncarnationNumber) => boolean;

export const livesIn = (ports: Ports, tenant: TenantId): Lives =>
  ports.node.readOnly()?.refused === "SAFE_MODE" ? (one) => ports.isHeld(tenant, one) : () => true;

const endedUnrecorded = "it ended in safe mode, in which nothing is started again";

export function describe(known: Service, usages: Usages, now: Instant, lives: Lives): Described {
  const ended = livingIn(known).some((one) => !lives(one));
  const service = ended ? withoutEnded(known, lives) : known;
  const { status, pid, uptimeMs, nextRestartAt, instances } = serviceStatus(service, now);
  const used = (instance: number): Usage | undefined => {
    const phase = service.instances.get(instance)?.phase;
    return phase !== undefined && "incarnation" in phase ? usages.get(phase.incarnation) : undefined;
  };
  return {
    status,
    reason: ended ? endedUnrecorded : reasonOf(service),
    pid: pid ?? lastPid(service),
    uptimeSeconds: secondsOf(uptimeMs),
    usage: sum(instances.map(({ instance }) => used(instance))),
    nextRestartMs: BigInt(nextRestartAt ?? 0),
    instances: instances.map((one) =>
      create(InstanceStatusSchema, {
        instance: one.instance,
        pid: one.pid ?? "",
        status: statusValue(wordOf(service.instances.get(one.instance)?.phase)),
        phase: one.phase,
        usage: sum([used(one.instance)]),
        uptimeSeconds: secondsOf(one.uptimeMs ?? 0),
      }),
    ),
  };
}

/** What has ended waits for a kernel that may start it again. */
function withoutEnded(service: Service, lives: Lives): Service {
  const instances = [...service.instances].map(([number, { phase }]): [number, Instance] => {
    const ended = "incarnation" in phase && !lives(phase.incarnation);
    return [number, { number, phase: ended ? { name: "suspended", because: phase.because } : phase }];
  });
  return { ...service, instances: new Map(instances) };
}

/** The incarnations of a service that live: those that use something. */
export const livingIn = (service: Service): readonly IncarnationNumber[] =>
  [...service.instances.values()].flatMap(({ phase }) => ("incarnation" in phase ? [phase.incarnation] : []));

function wordOf(phase: Phase | undefined): StatusWord {
  switch (phase?.name) {
    case undefined:
      return "STOPPED";
    case "starting":
      return phase.first ? "DEPLOYING" : "ERROR";
    case "running":
      return "RUNNING";
    case "stopping":
      return "STOPPING";
    case "waiting":
    case "resting":
    case "suspended":
      return "ERROR";
    case "stopped":
      return phase.death.type === "killed" || phase.death.type === "stopped" ? "STOPPED" : "ERROR";
    default:
      return never(phase);
  }
}

function reasonOf(service: Service): string {
  // Who ended it is why it is stopped, even if an instance was quicker to end in another way: its deaths tell of that.
  if (service.deployment.name === "stopped") return sayDeath(service.deployment.death);
  const instances = [...service.instances.values()];
  const running = instances.filter(({ phase }) => phase.name === "running").length;
  const other = instances.find(({ phase }) => phase.name !== "running");
  if (other === undefined) return "";
  const why = reasonOfPhase(other.phase, service);
  return running === 0 ? why : `${running} of ${instances.length} instances run; instance ${other.number}: ${why}`;
}

function reasonOfPhase(phase: Phase, service: Service): string {
  const last = service.deaths.at(-1);
  const after = last === undefined ? "" : `; before that: ${sayDeath(last.death)}`;
  switch (phase.name) {
    case "starting":
      return phase.first ? "starting" : `starting again${after}`;
    case "running":
      return "";
    case "stopping":
      return `stopping: ${sayDeath(phase.death)}`;
    case "waiting":
      return `starts again at ${iso(phase.until)}${after}`;
    case "resting":
      return `restarted too often, rests until ${iso(phase.until)}${after}`;
    case "suspended":
      return "waits for its turn to start again after the node's end";
    case "stopped":
      return sayDeath(phase.death);
    default:
      return never(phase);
  }
}

const iso = (instant: Instant): string => new Date(instant).toISOString();
const secondsOf = (ms: number): bigint => BigInt(Math.floor(ms / 1_000));

/** A service that does not live is still known by its last life. */
function lastPid(service: Service): string {
  const last = service.deaths.at(-1);
  return last === undefined ? "" : pidOfPast(service, last.incarnation);
}

/** The pid of a past incarnation; empty if the service has several instances, as the state does not say whose it was. */
export function pidOfPast(service: Service, incarnation: IncarnationNumber): string {
  const [only, ...others] = service.instances.keys();
  return only === undefined || others.length > 0 ? "" : pidOf({ instance: only, incarnation });
}

export const sum = (usages: readonly (Usage | undefined)[]): ResourceUsage => {
  const add = (pick: (usage: Usage) => number): number =>
    usages.reduce((total, usage) => total + (usage === undefined ? 0 : pick(usage)), 0);
  return create(ResourceUsageSchema, {
    memoryBytes: BigInt(Math.trunc(add((usage) => usage.memoryBytes))),
    messageQueueLen: add((usage) => usage.mailboxLength),
    reductions: BigInt(Math.trunc(add((usage) => usage.cpuMicros))),
    processes: add((usage) => usage.processes ?? 1),
  });
};
