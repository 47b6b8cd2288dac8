import { type Verb, teach } from "../command.ts";
import { exitCodes } from "../exit-codes.ts";
import type { Finding, Level } from "../doctor/finding.ts";
import { oneLine, type Paint } from "../output/paint.ts";
import { plural } from "../output/say.ts";

export const doctor: Verb = (command, run) => {
  command
    .description(
      "Checks all that Solo needs, each with a remedy. Ends with 1 if anything fails; warnings do not count.",
    )
    .addHelpText(
      "after",
      teach([
        ["solo doctor", "before the first start, or when something is odd"],
        ["solo doctor --json | jq '.findings[] | select(.level != \"ok\")'", "what is not as it should be"],
      ]),
    )
    .action(
      run<[], object>(async (context) => {
        const { out } = context;
        const { examine } = await import("../doctor/examine.ts");
        const findings = await examine(context);
        const count = (level: Level): number => findings.filter((finding) => finding.level === level).length;
        out.result({
          json: { ok: count("fail") === 0, findings },
          human: () => {
            const lines = findings.map((finding) => renderFinding(finding, out.paint));
            const verdict =
              count("fail") > 0
                ? out.paint.red(`${plural(count("fail"), "failure")}, ${plural(count("warn"), "warning")}`)
                : count("warn") > 0
                  ? out.paint.yellow(`no failure, ${plural(count("warn"), "warning")}`)
                  : out.paint.green("all is well");
            return [...lines, "", verdict].join("\n");
          },
        });
        return count("fail") > 0 ? exitCodes.refused : exitCodes.ok;
      }),
    );
};

export function renderFinding({ check, level, says, remedy }: Finding, paint: Paint): string {
  const marks = { ok: paint.green("ok  "), warn: paint.yellow("WARN"), fail: paint.red("FAIL") } as const;
  const line = `${marks[level]}  ${check.padEnd(14)} ${oneLine(says)}`;
  return remedy === undefined ? line : `${line}\n${" ".repeat(21)}${paint.cyan("→")} ${oneLine(remedy)}`;
}
