// Reads one source file into what the law judges: what it imports, which names it uses that it does not bind itself,
// and whether it reads a clock or throws a die. Names are resolved by file, not by scope: a name bound anywhere in a
// file counts as the file's own throughout. That can miss a use but never invent one; tsconfig.pure.json, which
// compiles the pure rooms without any platform, catches what is missed.

import { isNode, lineFinder, nameOf, namesBoundBy, nodesIn, parseSource, walk } from "./syntax.ts";
import type { Node, Place } from "./syntax.ts";

export type Import = {
  readonly line: number;
  /** Undefined for `import(expression)`: what it names is known only when it runs. */
  readonly from: string | undefined;
  /** "types" is erased whole; "inline types" (`import { type X }`) still loads the module when it runs. */
  readonly kind: "value" | "types" | "inline types";
};

export type Use = { readonly line: number; readonly name: string };

export type Scan = {
  readonly lines: number;
  readonly imports: readonly Import[];
  /** Names read but bound nowhere in the file: globals of the language or of a platform. */
  readonly globals: readonly Use[];
  /** Reads of the clock and of randomness that the language itself offers. */
  readonly chance: readonly Use[];
  readonly errors: readonly { readonly line: number; readonly message: string }[];
};

export function scan(path: string, text: string): Scan {
  const lineOf = lineFinder(text);
  const { program, errors } = parseSource(path, text);
  const imports: Import[] = [];
  const chance: Use[] = [];
  const read: Use[] = [];
  const bound = new Set<string>();

  walk(program, (node, place) => {
    const line = lineOf(node.start);
    const imported = importIn(node);
    if (imported !== undefined) imports.push({ line, ...imported });
    const odds = chanceIn(node);
    if (odds !== undefined) chance.push({ line, name: odds });
    const name = readIn(node, place);
    if (name !== undefined) read.push({ line, name });
    for (const own of boundIn(node)) bound.add(own);
  });

  return {
    lines: text.split("\n").length - (text.endsWith("\n") ? 1 : 0),
    imports,
    globals: read.filter((use) => !bound.has(use.name)),
    chance,
    errors: errors.map((error) => ({ line: lineOf(error.start), message: error.message })),
  };
}

function importIn(node: Node): Omit<Import, "line"> | undefined {
  switch (node.type) {
    case "ImportDeclaration":
      return { from: literal(node["source"]), kind: kindOf(node, "importKind") };
    case "ExportNamedDeclaration":
    case "ExportAllDeclaration":
      return isNode(node["source"]) ? { from: literal(node["source"]), kind: kindOf(node, "exportKind") } : undefined;
    case "TSImportType":
      return { from: literal(node["source"]), kind: "types" };
    case "ImportExpression":
      return { from: literal(node["source"]), kind: "value" };
    case "CallExpression":
      return nameOf(node["callee"]) === "require"
        ? { from: literal(nodesIn(node["arguments"])[0]), kind: "value" }
        : undefined;
    default:
      return undefined;
  }
}

function kindOf(node: Node, field: "importKind" | "exportKind"): Import["kind"] {
  if (node[field] === "type") return "types";
  const specifiers = nodesIn(node["specifiers"]);
  const allTypes = specifiers.length > 0 && specifiers.every((specifier) => specifier[field] === "type");
  return allTypes ? "inline types" : "value";
}

function chanceIn(node: Node): string | undefined {
  const callee = nameOf(node["callee"]);
  if (node.type === "NewExpression" && callee === "Date" && nodesIn(node["arguments"]).length === 0) {
    return "new Date()";
  }
  if (node.type === "CallExpression" && callee === "Date") return "Date()";
  if (node.type !== "MemberExpression") return undefined;
  const path = [nameOf(node["object"]), nameOf(node["property"])].join(".");
  return path === "Date.now" || path === "Math.random" || path === "Temporal.Now" ? path : undefined;
}

/** The name that a node reads, if it is a reference and not a key, a label, a binding's name or a type. */
function readIn(node: Node, { parent, field }: Place): string | undefined {
  if (node.type === "MemberExpression" && nameOf(node["object"]) === "globalThis") {
    // Giving a name to others (`globalThis.console = …`) is no use of it.
    if (parent?.type === "AssignmentExpression" && field === "left") return undefined;
    return node["computed"] === true ? literal(node["property"]) : nameOf(node["property"]);
  }
  const name = nameOf(node);
  if (name === undefined || parent === undefined) return undefined;
  if (parent["computed"] !== true && (field === "property" || field === "key")) return undefined;
  if (parent.type.startsWith("TS") && !parent.type.endsWith("Expression")) return undefined;
  if (/^(Import|Export).*Specifier$/.test(parent.type) || field === "label" || field === "meta") return undefined;
  return name;
}

function boundIn(node: Node): readonly string[] {
  switch (node.type) {
    case "VariableDeclaration":
      // A `declare` claims that the platform provides the name, which is the question here and not an answer.
      return node["declare"] === true
        ? []
        : nodesIn(node["declarations"]).flatMap((declarator) => namesBoundBy(declarator["id"]));
    case "FunctionDeclaration":
    case "FunctionExpression":
    case "ArrowFunctionExpression":
      return [...namesBoundBy(node["id"]), ...nodesIn(node["params"]).flatMap(namesBoundBy)];
    case "ClassDeclaration":
    case "ClassExpression":
      return namesBoundBy(node["id"]);
    case "CatchClause":
      return namesBoundBy(node["param"]);
    case "ImportDefaultSpecifier":
    case "ImportNamespaceSpecifier":
    case "ImportSpecifier":
      return namesBoundBy(node["local"]);
    default:
      return [];
  }
}

function literal(value: unknown): string | undefined {
  return isNode(value) && value.type === "Literal" && typeof value["value"] === "string" ? value["value"] : undefined;
}
