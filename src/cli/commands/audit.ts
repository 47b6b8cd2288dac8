import { AuditResponseSchema, type AuditResponse } from "../../api/index.ts";
import { type AuditFinding, type AuditReport, findingsIn, parseAudit } from "../audit-report.ts";
import { type Verb, teach } from "../command.ts";
import { exitCodes } from "../exit-codes.ts";
import { messageJson } from "../output/message-json.ts";
import { oneLine, type Paint, printable } from "../output/paint.ts";
import { withProgress } from "../output/progress.ts";
import { plural, sayBytes, sayDuration } from "../output/say.ts";
import { renderFacts, renderTable } from "../output/table.ts";
import { renderFinding } from "./doctor.ts";

export const audit: Verb = (command, run) => {
  command
    .description(
      "Asks the running Solo, as its administrator, what holds: the sandbox layer by layer, the log's head and its newest events, limits in force, builder, cells and certificates. Ends with 1 if something essential does not hold (critical). For the machine itself: solo doctor.",
    )
    .addHelpText(
      "after",
      teach([
        ["solo audit", "what holds, and what is missing"],
        ["solo audit --json | jq '.components.sandbox'", "the sandbox, layer by layer"],
        ["solo audit --json | jq -e '.status == \"healthy\"'", "for a watchdog"],
      ]),
    )
    .action(
      run<[], object>(async (context) => {
        const { out } = context;
        const client = await context.connect("admin");
        const found = await withProgress(out, "auditing", client.audit({}, context.patience));
        out.result({
          json: messageJson(AuditResponseSchema, found),
          human: () => renderAudit(found, out.paint, context.now()),
        });
        return found.status === "critical" ? exitCodes.refused : exitCodes.ok;
      }),
    );
};

export function renderAudit({ status, components = {} }: AuditResponse, paint: Paint, now: Date): string {
  const findings = findingsIn(components);
  const report = parseAudit(components);
  const told = report === undefined ? printable(JSON.stringify(components, undefined, 2)) : render(report, paint, now);
  const colour = { healthy: paint.green, degraded: paint.yellow }[status] ?? paint.red;
  const verdict = `${paint.bold(colour(status))}${findings.length === 0 ? ": all holds" : `: ${plural(findings.length, "finding")}`}`;
  return [told, ...findings.map((one) => renderFinding(findingOf(one), paint)), "", verdict].join("\n");
}

const findingOf = ({ about, ...more }: AuditFinding) => ({ check: about, ...more });

function render(report: AuditReport, paint: Paint, now: Date): string {
  const { node, sandbox, log, limits, builder, cells, certificates } = report;
  const { walked, checkpoint } = log;
  const { settings, ofCells } = limits;
  const active = sandbox.layers.filter((each) => each.active).map(({ layer }) => layer);
  const facts = renderFacts(
    [
      [
        "node",
        `version ${oneLine(node.version)}, kernel epoch ${node.kernelEpoch}, boot ${oneLine(node.boot)}, up ${sayDuration(node.uptimeMs)}`,
      ],
      ["sandbox", [sandbox.tier, ...active].map(oneLine).join(", ")],
      [
        "log",
        walked === undefined
          ? "not walked"
          : `${walked.valid ? "the newest" : paint.red("DOES NOT HOLD in the newest")} ${plural(walked.events, "event")}${walked.valid ? (walked.events === 1 ? " holds" : " hold") : ""} (from ${walked.from} on); all of it: solo verify`,
      ],
      ["checkpoint", oneLine(checkpoint ?? "unknown")],
      [
        "limits",
        `${sayBytes(settings.tenantMemoryBytesMax)} and ${plural(settings.tenantProcessesMax, "process", "processes")} for a tenant; ` +
          `${sayBytes(ofCells.rssBytesMax.user)} for a cell, ${sayBytes(ofCells.rssBytesMax.system)} for one of system services; ` +
          `looked at every ${sayDuration(settings.monitorIntervalMs)}`,
      ],
      ["builder", builder.up ? `up, jailed by ${oneLine(builder.tier)}` : paint.yellow("being started again")],
      ["cells", `${cells.count}, jailed by ${oneLine(cells.tier)}`],
    ],
    paint,
  );
  return [
    facts,
    "",
    renderCells(cells.listed, paint),
    "",
    renderCertificates(certificates.listed, paint, now),
    "",
  ].join("\n");
}

const renderCells = (listed: AuditReport["cells"]["listed"], paint: Paint): string =>
  renderTable(
    [
      { head: "CELL", cell: ({ cell }) => String(cell) },
      { head: "TENANT", cell: ({ tenant }) => (tenant === undefined ? paint.dim("nobody yet") : oneLine(tenant)) },
      { head: "TIER", cell: ({ tier }) => oneLine(tier) },
      { head: "PHASE", cell: ({ phase }) => oneLine(phase) },
      { head: "ISOLATES", right: true, cell: ({ isolates }) => String(isolates) },
      { head: "PROCESS", right: true, cell: ({ osPid }) => String(osPid ?? "") },
      { head: "RESIDENT", right: true, cell: ({ rssBytes }) => (rssBytes === undefined ? "" : sayBytes(rssBytes)) },
      { head: "CPU", right: true, cell: ({ cpuMs }) => (cpuMs === undefined ? "" : sayDuration(cpuMs)) },
    ],
    listed,
    paint,
  );

const renderCertificates = (listed: AuditReport["certificates"]["listed"], paint: Paint, now: Date): string =>
  renderTable(
    [
      { head: "CERTIFICATE", cell: ({ name }) => oneLine(name) },
      { head: "HOLDS FOR", right: true, cell: ({ notAfterMs }) => sayDuration(notAfterMs - now.getTime()) },
      { head: "FINGERPRINT", cell: ({ fingerprint }) => oneLine(fingerprint) },
    ],
    listed,
    paint,
  );
