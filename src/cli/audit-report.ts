/** What Audit answers, as far as it is drawn for people. Another version's facts may be more or fewer: those are shown as they are. */
import {
  amount,
  flag,
  isMisfit,
  listOf,
  type Of,
  oneOf,
  optional,
  record,
  sandboxFoundShape,
  text,
} from "../base/index.ts";

const findingShape = record({
  about: text(200),
  level: oneOf("ok", "warn", "fail"),
  says: text(10_000),
  remedy: optional(text(10_000)),
});

const reportShape = record({
  node: record({
    version: text(100),
    kernelEpoch: amount,
    boot: text(100),
    uptimeMs: amount,
    osPid: amount,
    takesChanges: flag,
    findings: listOf(findingShape, 100),
  }),
  sandbox: sandboxFoundShape,
  log: record({
    checkpoint: optional(text(200)),
    walked: optional(record({ from: amount, events: amount, valid: flag })),
  }),
  limits: record({
    settings: record({
      tenantMemoryBytesMax: amount,
      tenantProcessesMax: amount,
      monitorIntervalMs: amount,
    }),
    ofCells: record({ rssBytesMax: record({ user: amount, system: amount }), isolatesMax: amount }),
  }),
  builder: record({ up: flag, tier: text(40) }),
  cells: record({
    count: amount,
    tier: text(40),
    listed: listOf(
      record({
        cell: amount,
        tenant: optional(text(100)),
        tier: text(20),
        phase: text(20),
        isolates: amount,
        osPid: optional(amount),
        rssBytes: optional(amount),
        cpuMs: optional(amount),
      }),
      10_000,
    ),
  }),
  certificates: record({
    listed: listOf(record({ name: text(100), notAfterMs: amount, fingerprint: text(200) }), 100),
  }),
});
export type AuditReport = Of<typeof reportShape>;
export type AuditFinding = Of<typeof findingShape>;

export function parseAudit(components: unknown): AuditReport | undefined {
  const report = reportShape(components);
  return isMisfit(report) ? undefined : report;
}

const componentShape = record({ findings: listOf(findingShape, 10_000) });

/** Of all components, those that this version does not know too. */
export const findingsIn = (components: Readonly<Record<string, unknown>>): readonly AuditFinding[] =>
  Object.values(components).flatMap((component) => {
    const parsed = componentShape(component);
    return isMisfit(parsed) ? [] : parsed.findings;
  });
