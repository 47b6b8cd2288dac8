// Finds rooms that import one another in a ring. The table alone makes rings impossible while it has none itself;
// this looks at what the files do, so that a slip in the table shows too.

import type { Edge } from "./judge.ts";

export function findCycles(edges: readonly Edge[]): readonly (readonly Edge[])[] {
  const out = new Map<string, Edge[]>();
  for (const edge of edges) {
    const known = out.get(edge.from) ?? [];
    if (!known.some((other) => other.to === edge.to)) known.push(edge);
    out.set(edge.from, known);
  }
  const cycles: Edge[][] = [];
  const done = new Set<string>();
  const visit = (room: string, path: readonly Edge[]): void => {
    const start = path.findIndex((edge) => edge.from === room);
    if (start !== -1) {
      cycles.push(path.slice(start));
      return;
    }
    if (done.has(room)) return;
    for (const edge of out.get(room) ?? []) visit(edge.to, [...path, edge]);
    done.add(room);
  };
  for (const room of [...out.keys()].toSorted()) visit(room, []);
  return cycles;
}
