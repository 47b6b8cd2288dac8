// Enforces the import law of tools/law.table.ts over src/: node tools/law.ts [repository root]
// Exits 1 if any file breaks it. Warnings (long files) are listed and break nothing.

import { globSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { findCycles } from "./law/cycles.ts";
import { judge, roomOf } from "./law/judge.ts";
import type { Breach, Edge } from "./law/judge.ts";
import { scan } from "./law/scan.ts";

export type Verdict = {
  readonly files: number;
  readonly rooms: number;
  readonly breaches: readonly Breach[];
};

export function judgeTree(root: string): Verdict {
  const paths = globSync("src/**/*.{ts,tsx,mts,cts}", { cwd: root })
    .map((path) => path.replaceAll("\\", "/"))
    .toSorted();
  const breaches: Breach[] = [];
  const edges: Edge[] = [];
  for (const path of paths) {
    const found = judge(path, scan(path, readFileSync(join(root, path), "utf8")));
    breaches.push(...found.breaches);
    edges.push(...found.edges);
  }
  for (const cycle of findCycles(edges)) {
    const [first] = cycle;
    if (first === undefined) continue;
    breaches.push({
      path: first.path,
      line: first.line,
      what: `closes a ring of rooms: ${cycle.map((edge) => `${edge.from} → ${edge.to} (${edge.path}:${edge.line})`).join(", ")}`,
      law: "rooms import one another in one direction only",
      remedy: "move the words that both need into base, or hand one room to the other as an argument",
      severity: "error",
    });
  }
  return { files: paths.length, rooms: new Set(paths.map(roomOf)).size, breaches };
}

export function report({ files, rooms, breaches }: Verdict): string {
  const lines = breaches.flatMap((breach) => [
    `${breach.path}:${breach.line}  ${breach.severity === "warning" ? "warning: " : ""}${breach.what}`,
    `    law:    ${breach.law}`,
    `    remedy: ${breach.remedy}`,
  ]);
  const errors = breaches.filter((breach) => breach.severity === "error").length;
  lines.push(
    `${errors === 0 ? "the import law holds" : `the import law is broken ${errors === 1 ? "once" : `${errors} times`}`}: ` +
      `${files} files in ${rooms} rooms, ${breaches.length - errors} warnings`,
  );
  return lines.join("\n");
}

if (import.meta.main) {
  const verdict = judgeTree(resolve(process.argv[2] ?? join(import.meta.dirname, "..")));
  console.log(report(verdict));
  process.exitCode = verdict.breaches.some((breach) => breach.severity === "error") ? 1 : 0;
}
