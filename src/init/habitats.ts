/** What programs find in their jails: for a cell the guest image, for the builder its own code and the packages it uses. */
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { insist } from "../base/index.ts";
import type { Inhabitant, SandboxGround } from "../sandbox/index.ts";
import { jailedArgument, lockFile, pidPlaceholder } from "../wire/index.ts";
import { moduleCheckFlags } from "./programs.ts";

export const groundIn = (rooms: string): SandboxGround => ({ rooms, lockFile, pidPlaceholder });

/** A cell sees the guest image, and the filter with which it locks itself. */
export const cellInhabitant = (image: string): Inhabitant => ({
  folder: "cell",
  sources: [{ from: image, to: "cell", as: "files" }],
  locks: true,
});

const src = dirname(import.meta.dirname);
const folder = "solo";

/** What the builder loads as a server; the bundler that makes images is its own. */
const builderRooms = ["base", "wire", "builder"] as const;
const builderPackages = ["rolldown", "@jridgewell/trace-mapping", "lru-cache"] as const;

/** Throws if a package is missing. */
export function builderInhabitant(): Inhabitant {
  const packages = findPackages(builderPackages);
  return {
    folder,
    sources: [
      ...builderRooms.map((room) => ({ from: join(src, room), to: `${folder}/src/${room}`, as: "modules" as const })),
      ...[...packages].map(([name, from]) => ({ from, to: `${folder}/node_modules/${name}`, as: "files" as const })),
    ],
    locks: true,
  };
}

/** The builder's arguments in its jail. It ends with init, for the jail does, and locks itself when it has loaded what it needs. */
export const jailedBuilder = (inside: string): readonly string[] => [
  ...moduleCheckFlags,
  "--disable-warning=ExperimentalWarning",
  `${inside}/src/builder/main.mjs`,
  jailedArgument,
];

/** These packages and what they need in turn, as far as it was installed for this machine; each by its folder. */
function findPackages(names: readonly string[]): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  const visit = (name: string, from: string, needed: boolean): void => {
    if (found.has(name)) return;
    const path = findPackage(name, from);
    insist(path !== undefined || !needed, `the package ${name} is installed`);
    if (path === undefined) return;
    found.set(name, path);
    const { dependencies = {}, optionalDependencies = {} } = readManifest(path);
    for (const other of Object.keys(dependencies)) visit(other, path, true);
    for (const other of Object.keys(optionalDependencies)) visit(other, path, false);
  };
  for (const name of names) visit(name, src, true);
  return found;
}

function findPackage(name: string, from: string): string | undefined {
  const path = join(from, "node_modules", name);
  if (existsSync(join(path, "package.json"))) return path;
  return dirname(from) === from ? undefined : findPackage(name, dirname(from));
}

interface Manifest {
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

const readManifest = (path: string): Manifest =>
  JSON.parse(readFileSync(join(path, "package.json"), "utf8")) as Manifest;
