/** What goes into a guest image: which programs, from which folders, and the one hash that names all of it. */
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import process from "node:process";
import { cellFlags, partNames } from "../wire/index.ts";

export interface ImageSources {
  /** Entry of the cell's program. */
  readonly cell: string;
  /** Entry of the prelude that each isolate evaluates. */
  readonly prelude: string;
  /** Entries of the scripts that an isolate evaluates only once it uses them, by name. */
  readonly parts?: Readonly<Record<string, string>>;
  /** Every folder that the two import from. */
  readonly folders: readonly string[];
}

/** This is `.ts` in the repository and `.js` once packed. */
const suffix = import.meta.filename.endsWith(".ts") ? ".ts" : ".js";

/** Solo's own rooms. */
export function ownSources(): ImageSources {
  const src = dirname(import.meta.dirname);
  return {
    cell: join(src, "cell", `main${suffix}`),
    prelude: join(src, "guest", `prelude${suffix}`),
    parts: Object.fromEntries(partNames.map((name) => [name, join(src, "guest", "parts", `${name}${suffix}`)])),
    folders: ["base", "cell", "guest", "wire"].map((room) => join(src, room)),
  };
}

/** Where the native engine is, and which version. */
export function findEngine(): { readonly root: string; readonly version: string } {
  const manifest = createRequire(import.meta.url).resolve("isolated-vm/package.json");
  const { version } = JSON.parse(readFileSync(manifest, "utf8")) as { readonly version: string };
  return { root: dirname(manifest), version };
}

/** Also over what makes images (the files beside this one whose names begin with `image`). */
export function hashOfSources(sources: ImageSources): string {
  const hash = createHash("sha256");
  hash.update(JSON.stringify([process.version, process.arch, process.platform, cellFlags, findEngine().version]));
  hash.update(JSON.stringify([sources.cell, sources.prelude, sources.parts ?? {}]));
  for (const folder of sources.folders) addFolder(hash, folder, () => true);
  addFolder(hash, import.meta.dirname, (name) => name.startsWith("image"));
  return hash.digest("hex").slice(0, 32);
}

type Hash = ReturnType<typeof createHash>;

function addFolder(hash: Hash, folder: string, wanted: (name: string) => boolean): void {
  if (!existsSync(folder)) return;
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !/\.test\.[jt]s$/.test(entry.name) && wanted(entry.name))
    .map((entry) => join(entry.parentPath, entry.name))
    .toSorted();
  for (const path of entries) {
    const bytes = readFileSync(path);
    hash.update(`${path.slice(folder.length)}\0${bytes.length}\0`);
    hash.update(bytes);
  }
}
