// Holds one scanned file against the law: every breach says where, what, which law and what to do about it.

import { builtinModules } from "node:module";
import { posix } from "node:path";
import { fileLinesMax, generated, law, platformGlobals, testPackages } from "../law.table.ts";
import type { RoomLaw } from "../law.table.ts";
import type { Import, Scan } from "./scan.ts";

/** A path relative to the repository's root, with forward slashes: `src/<room>/…`. */
export type SourcePath = string;

export type Breach = {
  readonly path: SourcePath;
  readonly line: number;
  readonly what: string;
  readonly law: string;
  readonly remedy: string;
  readonly severity: "error" | "warning";
};

/** One room's import of another, as the search for cycles needs it. */
export type Edge = {
  readonly from: string;
  readonly to: string;
  readonly path: SourcePath;
  readonly line: number;
};

export type Judgement = { readonly breaches: readonly Breach[]; readonly edges: readonly Edge[] };

export function roomOf(path: SourcePath): string | undefined {
  const [src, room, ...rest] = path.split("/");
  return src === "src" && room !== undefined && rest.length > 0 ? room : undefined;
}

/** Tests see more than the code beside them; the code may not see them. */
export function isTest(path: SourcePath): boolean {
  return /\.(test|testing)\.ts$/.test(path);
}

export function judge(path: SourcePath, scanned: Scan): Judgement {
  const breaches: Breach[] = [];
  const edges: Edge[] = [];
  const room = roomOf(path);
  const rules = room === undefined ? undefined : law[room];
  const add = (line: number, what: string, because: string, remedy: string): void => {
    breaches.push({ path, line, what, law: because, remedy, severity: "error" });
  };

  for (const error of scanned.errors) {
    add(error.line, `does not parse: ${error.message}`, "only what parses can be judged", "correct the syntax");
  }
  if (room === undefined || rules === undefined) {
    add(
      1,
      room === undefined ? "lies in no room" : `lies in the unknown room "${room}"`,
      "every file of src/ lies in a room of tools/law.table.ts",
      "move the file into a room, or give the new room its law in the table",
    );
    return { breaches, edges };
  }

  const said = saying(room, rules);
  for (const one of scanned.imports) {
    const found = importBreach({ path, room, rules, one });
    if (found !== undefined) add(one.line, found.what, said, found.remedy);
    const to = otherRoom(path, room, one);
    if (to !== undefined && !isTest(path)) edges.push({ from: room, to, path, line: one.line });
  }
  if (rules.ambient === "es" && !isTest(path) && !path.endsWith(".d.ts")) {
    const lent = rules.platform ?? [];
    for (const { line, name } of scanned.globals) {
      if (!platformGlobals.includes(name) || lent.includes(name)) continue;
      add(line, `uses the platform's ${name}`, said, "take what you need as an argument; the rim provides it");
    }
    for (const { line, name } of rules.clock === true ? [] : scanned.chance) {
      add(line, `reads ${name}`, said, "take the instant, or the random value, as an argument");
    }
  }
  if (scanned.lines > fileLinesMax && !generated.some((prefix) => path.startsWith(prefix))) {
    breaches.push({
      path,
      line: fileLinesMax + 1,
      what: `has ${scanned.lines} lines`,
      law: `past ${fileLinesMax} lines a file holds two ideas`,
      remedy: "find the second idea and give it a file",
      severity: "warning",
    });
  }
  return { breaches, edges };
}

type Fault = { readonly what: string; readonly remedy: string };
type Case = {
  readonly path: SourcePath;
  readonly room: string;
  readonly rules: RoomLaw;
  readonly one: Import;
};

function importBreach(at: Case): Fault | undefined {
  const { path, rules, one } = at;
  if (one.from === undefined) {
    return rules.ambient === "es" && !isTest(path)
      ? {
          what: "imports what only running it will tell",
          remedy: "name the module in the import, or import it at the rim",
        }
      : undefined;
  }
  return one.from.startsWith(".") ? relativeBreach(at, one.from) : packageBreach(at, one.from);
}

function packageBreach({ path, room, rules, one }: Case, from: string): Fault | undefined {
  if (from.startsWith("solo:")) {
    return room === "guest" || isTest(path)
      ? undefined
      : {
          what: `imports ${from}`,
          remedy: "that module exists only inside an isolate: import the guest's door",
        };
  }
  if (from.startsWith("/") || from.startsWith("#") || from.startsWith("file:")) {
    return { what: `imports ${from}`, remedy: "write the import relative to the file" };
  }
  if (isBuiltin(from)) {
    return rules.ambient === "node" || isTest(path)
      ? undefined
      : {
          what: `imports ${from}`,
          remedy: "move what needs Node into a room that acts, and pass its result in",
        };
  }
  if (rules.ambient !== "es" || one.kind === "types") return undefined;
  const allowed = [...(rules.npm ?? []), ...(isTest(path) ? testPackages : [])];
  return allowed.some((name) => from === name || from.startsWith(`${name}/`))
    ? undefined
    : { what: `imports the package ${from}`, remedy: "use it in a room that acts, and pass its result in" };
}

function relativeBreach({ path, room, rules, one }: Case, from: string): Fault | undefined {
  const target = posix.normalize(posix.join(posix.dirname(path), from));
  if (!target.startsWith("src/")) {
    // A test may lean on the helpers of test/; anything may read a data file of the repository's root.
    return isTest(path) || (rules.ambient !== "es" && !target.endsWith(".ts"))
      ? undefined
      : { what: `imports ${target}, outside src/`, remedy: "move what is shared into a room" };
  }
  if (isTest(target) && !isTest(path)) {
    return { what: `imports the test file ${target}`, remedy: "move what is shared out of the test" };
  }
  const other = roomOf(target);
  if (other === room) return undefined;
  if (other === undefined || law[other] === undefined) {
    return { what: `imports ${target}, which lies in no known room`, remedy: "import from a room's door" };
  }
  const typesOnly = rules.types?.includes(other) === true;
  const whole = rules.imports.includes(other) || (isTest(path) && (typesOnly || rules.tests?.includes(other)));
  if (!whole && !typesOnly) {
    return {
      what: `imports the room ${other}`,
      remedy: `turn the dependency round: take what ${other} does as an argument, or move the words to base`,
    };
  }
  if (target !== `src/${other}/index.ts`) {
    return {
      what: `imports ${target}, past the door of ${other}`,
      remedy: `import from src/${other}/index.ts, and export it there if it is meant for others`,
    };
  }
  if (whole || one.kind === "types") return undefined;
  return one.kind === "inline types"
    ? {
        what: `loads ${other} when it runs, for types alone`,
        remedy: `write "import type { … }": an inline "type" leaves the import standing`,
      }
    : { what: `imports values of ${other}`, remedy: `only its types may be imported: "import type { … }"` };
}

function otherRoom(path: SourcePath, room: string, one: Import): string | undefined {
  if (one.from?.startsWith(".") !== true) return undefined;
  const other = roomOf(posix.normalize(posix.join(posix.dirname(path), one.from)));
  return other === room ? undefined : other;
}

function isBuiltin(specifier: string): boolean {
  return specifier.startsWith("node:") || builtinModules.includes(specifier);
}

/** The law of one room as a sentence. */
function saying(room: string, rules: RoomLaw): string {
  const rooms = rules.imports.join(", ") || "no other room";
  const types = rules.types === undefined ? "" : `, and types of ${rules.types.join(", ")}`;
  const extra = [...(rules.npm ?? []), ...(rules.platform ?? [])];
  const sight =
    rules.ambient === "es" ? `; it sees the language alone${extra.length === 0 ? "" : ` and ${extra.join(", ")}`}` : "";
  return `${room} (${rules.verb}) may import ${rooms}${types}${sight}`;
}
