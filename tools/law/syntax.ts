// The little of a syntax tree that the law looks at, and a walk over it. Trees come from rolldown's parser (ESTree).

import { parseSync } from "rolldown/utils";

export type Node = { readonly type: string; readonly start: number; readonly [field: string]: unknown };

/** Where a node stands: in which field of which parent. */
export type Place = { readonly parent: Node | undefined; readonly field: string };

export type Parsed = {
  readonly program: Node;
  readonly errors: readonly { readonly start: number; readonly message: string }[];
};

export function parseSource(path: string, text: string): Parsed {
  const { program, errors } = parseSync(path, text, { sourceType: "module" });
  const unknownProgram: unknown = program;
  return {
    program: isNode(unknownProgram) ? unknownProgram : { type: "Program", start: 0 },
    errors: errors.map((error) => ({ start: error.labels[0]?.start ?? 0, message: error.message })),
  };
}

export function isNode(value: unknown): value is Node {
  return typeof value === "object" && value !== null && "type" in value && typeof value.type === "string";
}

/** Calls `visit` for every node below and including `node`, parents first. */
export function walk(node: Node, visit: (node: Node, place: Place) => void): void {
  const step = (value: unknown, parent: Node | undefined, field: string): void => {
    if (Array.isArray(value)) {
      for (const item of value) step(item, parent, field);
    } else if (isNode(value)) {
      visit(value, { parent, field });
      for (const key in value) step(value[key], value, key);
    }
  };
  step(node, undefined, "");
}

export function nodesIn(value: unknown): readonly Node[] {
  return Array.isArray(value) ? value.filter(isNode) : [];
}

/** The name of an identifier, or undefined for anything else. */
export function nameOf(value: unknown): string | undefined {
  return isNode(value) && value.type === "Identifier" && typeof value["name"] === "string" ? value["name"] : undefined;
}

/** The names that a pattern binds: `{ a, b: [c = 1, ...d] }` binds a, c and d. */
export function namesBoundBy(pattern: unknown): readonly string[] {
  if (!isNode(pattern)) return [];
  const name = nameOf(pattern);
  if (name !== undefined) return [name];
  switch (pattern.type) {
    case "ObjectPattern":
      return nodesIn(pattern["properties"]).flatMap(namesBoundBy);
    case "ArrayPattern":
      return nodesIn(pattern["elements"]).flatMap(namesBoundBy);
    case "Property":
      return namesBoundBy(pattern["value"]);
    case "RestElement":
      return namesBoundBy(pattern["argument"]);
    case "AssignmentPattern":
      return namesBoundBy(pattern["left"]);
    default:
      return [];
  }
}

/** Turns offsets into line numbers, which count from 1. */
export function lineFinder(text: string): (offset: number) => number {
  const starts = [0];
  for (let at = text.indexOf("\n"); at !== -1; at = text.indexOf("\n", at + 1)) starts.push(at + 1);
  return (offset) => {
    let low = 0;
    let high = starts.length;
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if ((starts[middle] ?? 0) <= offset) low = middle;
      else high = middle;
    }
    return low + 1;
  };
}
