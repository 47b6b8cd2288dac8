/**
 * The guest image: a folder that holds all a cell ever reads, so that a cell needs no other file of the machine. Its name
 * is the hash of all that went into it; it is built aside and moved into place in one step, so that an image is either
 * whole or absent.
 */
import { execFile } from "node:child_process";
import { randomUUID } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { promisify } from "node:util";
import { cellFlags, imageFiles } from "../wire/index.ts";
import { hashOfSources, type ImageSources, ownSources } from "./image-sources.ts";

export interface GuestImage {
  /** The image's folder, absolute if `into` was. */
  readonly path: string;
  readonly hash: string;
  /** Whether it was made by this call. */
  readonly built: boolean;
}

export interface ImageOptions {
  /** The folder that keeps images; made if need be. */
  readonly into: string;
  /** Where the programs of cell and guest are; Solo's own unless a test brings others. */
  readonly sources?: ImageSources;
}

/** Older images are kept for cells that may still be starting from them. */
const imagesKeptMax = 3;
/** A folder that someone has been making for longer than this was left by a process that was killed. */
const makingMsMax = 600_000;

const run = promisify(execFile);

/** Gets or makes the image for the sources as they are now. Throws if they do not build: that is a bug of ours. */
export async function provideImage({ into, sources = ownSources() }: ImageOptions): Promise<GuestImage> {
  const hash = hashOfSources(sources);
  const path = join(into, hash);
  if (existsSync(path)) return { path, hash, built: false };

  mkdirSync(into, { recursive: true, mode: 0o700 });
  const aside = join(into, `.making-${randomUUID()}`);
  mkdirSync(aside, { mode: 0o700 });
  try {
    // The bundler is loaded only here: nearly all starts find their image made.
    const { bundleImage } = await import("./image-bundle.ts");
    await bundleImage(sources, aside);
    await makePreludeCache(aside);
    moveIntoPlace(aside, path);
  } finally {
    rmSync(aside, { recursive: true, force: true });
  }
  removeOldImages(into, hash);
  return { path, hash, built: true };
}

/** V8 accepts cached code only under the flags it was made with: the cell's own command line makes it. */
async function makePreludeCache(image: string): Promise<void> {
  const permissions = [`--allow-fs-read=${image}/`, `--allow-fs-write=${image}/`];
  await run(process.execPath, [...cellFlags, ...permissions, join(image, imageFiles.cell), "gen"], {
    cwd: image,
    env: {},
    timeout: 30_000,
  });
  if (!existsSync(join(image, imageFiles.preludeCache))) {
    throw new Error(`the cell's "gen" left no ${imageFiles.preludeCache}`);
  }
}

function moveIntoPlace(aside: string, path: string): void {
  try {
    renameSync(aside, path);
  } catch (error) {
    // Another process made the same image meanwhile. It has the same content.
    if (!existsSync(path)) throw error;
  }
}

function removeOldImages(into: string, current: string): void {
  const entries = readdirSync(into).map((name) => ({
    name,
    madeAt: statSync(join(into, name), { throwIfNoEntry: false })?.mtimeMs ?? 0,
  }));
  const old = entries
    .filter(({ name }) => name !== current && /^[0-9a-f]{32}$/.test(name))
    .toSorted((a, b) => b.madeAt - a.madeAt)
    .slice(imagesKeptMax - 1);
  const abandoned = entries.filter(
    ({ name, madeAt }) => name.startsWith(".making-") && madeAt < Date.now() - makingMsMax,
  );
  for (const { name } of [...old, ...abandoned]) rmSync(join(into, name), { recursive: true, force: true });
}
