/**
 * Audit: what holds and what does not, on the node's own word: each component with what was found, and what to do about it.
 * The log's newest events are walked again; all of it is for VerifyLog.
 */
import { create } from "@bufbuild/protobuf";
import { AuditResponseSchema, plainObject } from "../../api/index.ts";
import {
  isRefusal,
  limits,
  remedy,
  resourceLimitsDefault,
  say,
  saySandboxFound,
  systemResourceLimitsDefault,
} from "../../base/index.ts";
import type { HeldCertificate, Inspection } from "../inspection.ts";
import type { Ports } from "../ports.ts";
import type { UnaryHandler } from "./handler.ts";

/** The newest events that are walked: a moment's work, however long the log is. */
const walkedMax = 1_000;
/** A part of the answer: there may be more cells than an answer should list. */
const cellsListedMax = 1_000;
const soonMs = 14 * 86_400_000;

type Level = "ok" | "warn" | "fail";

interface Finding {
  readonly about: string;
  readonly level: Level;
  readonly says: string;
  readonly remedy?: string;
}

interface Component {
  readonly findings: readonly Finding[];
  readonly [fact: string]: unknown;
}

const words = { ok: "healthy", warn: "degraded", fail: "critical" } as const;

export const audit: UnaryHandler<"audit"> = async (ports, _principal, _request, signal) => {
  const inspected = ports.node.inspect();
  const components: Readonly<Record<string, Component>> = {
    node: nodeOf(ports, inspected),
    sandbox: sandboxOf(inspected),
    log: await logOf(ports, signal),
    limits: limitsOf(inspected),
    builder: builderOf(inspected),
    cells: cellsOf(inspected),
    certificates: certificatesOf(ports.certificates.held(), ports.node.now()),
  };
  const told = Object.entries(components).map(([name, component]) => {
    const status = words[worst(component.findings)];
    return [name, { status, ...component }] as const;
  });
  return create(AuditResponseSchema, {
    status: words[worst(Object.values(components).flatMap(({ findings }) => findings))],
    components: plainObject(Object.fromEntries(told)),
  });
};

function worst(findings: readonly Finding[]): Level {
  const levels = findings.map(({ level }) => level);
  return levels.includes("fail") ? "fail" : levels.includes("warn") ? "warn" : "ok";
}

function nodeOf({ node }: Ports, { boot, osPid, runtime }: Inspection): Component {
  const no = node.readOnly();
  const findings: readonly Finding[] =
    no === undefined ? [] : [{ about: "changes", level: "fail", says: say(no), remedy: remedy(no) }];
  const { version, epoch: kernelEpoch, startedAtMs } = node;
  const uptimeMs = Math.max(0, node.now() - startedAtMs);
  return {
    version,
    kernelEpoch,
    boot,
    startedAtMs,
    uptimeMs,
    osPid,
    runtime,
    takesChanges: no === undefined,
    findings,
  };
}

function sandboxOf({ sandbox }: Inspection): Component {
  const said = saySandboxFound(sandbox, true).filter((one) => one.remedy !== undefined);
  return {
    ...sandbox,
    findings: said.map(({ about, ...more }) => ({
      about,
      level: about === "sandbox" ? "fail" : "warn",
      ...more,
    })),
  };
}

async function logOf({ events }: Ports, signal: AbortSignal): Promise<Component> {
  const found = await events.verifyEnd(walkedMax, signal);
  const whole = "VerifyLog walks all of it, and finds a checkpoint that was noted earlier (solo verify).";
  if (isRefusal(found)) {
    return { findings: [{ about: "event log", level: "warn", says: say(found), remedy: remedy(found) }], whole };
  }
  const { from, headId, headHash, checked, valid, firstBad } = found;
  const findings: readonly Finding[] = valid
    ? []
    : [
        {
          about: "event log",
          level: "fail",
          says: `event ${firstBad?.id ?? 0}: ${firstBad?.problem ?? "it does not hold"}`,
          remedy: "Keep it for examination; restore from a backup.",
        },
      ];
  const walked = { from, events: checked, valid };
  return { headId, headHash, checkpoint: `${headId}:${headHash}`, walked, whole, findings };
}

function limitsOf({ settings, cellRssBytesMax, servicesPerCellMax, pressing }: Inspection): Component {
  return {
    settings,
    ofServices: { user: resourceLimitsDefault, system: systemResourceLimitsDefault },
    ofCells: { rssBytesMax: cellRssBytesMax, isolatesMax: servicesPerCellMax },
    ofNode: limits,
    pressing,
    findings: pressing.map(({ what, used, limit, cell }) => ({
      about: what.replaceAll("_", " "),
      level: "warn",
      says: `${used} of ${limit}${cell === undefined ? "" : ` in cell ${cell}`}: nothing new is taken in`,
      remedy: "End some services, or raise the limit.",
    })),
  };
}

const builderOf = ({ isBuilderUp, sandbox }: Inspection): Component => ({
  up: isBuilderUp,
  tier: sandbox.tier,
  findings: isBuilderUp
    ? []
    : [
        {
          about: "builder",
          level: "warn",
          says: "it is being started again: nothing can be compiled",
          remedy: "Look at log/kernel.log in the data directory, if that lasts.",
        },
      ],
});

const cellsOf = ({ cells, sandbox }: Inspection): Component => ({
  count: cells.length,
  tier: sandbox.tier,
  listed: cells.slice(0, cellsListedMax),
  findings: [],
});

const certificatesOf = (held: readonly HeldCertificate[], now: number): Component => ({
  listed: held,
  findings: held.flatMap((one) => findingsOf(one, now)),
});

function findingsOf({ name, notBeforeMs, notAfterMs }: HeldCertificate, now: number): readonly Finding[] {
  const about = `certificate ${name}`;
  const renew = "Restart Solo, which renews its own.";
  const date = new Date(notAfterMs).toISOString();
  if (notBeforeMs > now) return [{ about, level: "fail", says: "not valid yet", remedy: "Set the clock." }];
  if (notAfterMs <= now) return [{ about, level: "fail", says: `expired on ${date}`, remedy: renew }];
  return notAfterMs - now < soonMs ? [{ about, level: "warn", says: `expires on ${date}`, remedy: renew }] : [];
}
