/**
 * The groups of this Solo, below its own group in each hierarchy:
 *
 *   <own>/solo.<pid>.<start>/          the share of all jailed processes together
 *   <own>/solo.<pid>.<start>/cell-7/   one cell
 *   <own>/solo-own.<pid>.<start>/      version 2 only: init and its kernel, since there a group has processes or groups
 *
 * The names say whose they are: a later Solo removes those whose init is gone.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { type Layer, type ResourceLayer, resourceLayers } from "../layers.ts";
import { Group, type GroupLimits, type GroupPart, put, setWeight, tryRemoveFolder } from "./group.ts";
import { findPlaces, type Place } from "./places.ts";

/** Whether systemd marked a group as delegated. */
export type IsMarkedDelegated = (folder: string) => boolean;

const closeEveryMs = 5;
const closeTriesMax = 200;
/**
 * Of all jailed processes together, where an ordinary process has 100. They have whatever is left over, and those who serve
 * everybody, and clients on this machine, do not wait for them: at 100, and worse at 100 for each core, a tenant whose threads
 * were all busy made calls of others wait for many times as long as in the quiet (docs/performance.md).
 */
const weightOfAll = 25;

export class Cgroups {
  readonly layers: readonly Layer[];
  readonly #bases: readonly GroupPart[];
  readonly #undo: readonly (() => void)[];

  private constructor(bases: readonly GroupPart[], layers: readonly Layer[], undo: readonly (() => void)[]) {
    this.#bases = bases;
    this.layers = layers;
    this.#undo = undo;
  }

  /** Makes what can be made, and says why the rest cannot. Never throws. */
  static open(isMarked: IsMarkedDelegated): Cgroups {
    const bases: GroupPart[] = [];
    const undo: (() => void)[] = [];
    const why = new Map<ResourceLayer, string>();
    for (const place of readPlaces()) {
      const base = openBase(place, isMarked, undo);
      if (typeof base === "string") for (const each of place.controllers) why.set(each, base);
      else bases.push(base);
    }
    const layers = resourceLayers.map((layer): Layer => {
      if (bases.some(({ controllers }) => controllers.includes(layer))) return { layer, active: true };
      return { layer, active: false, why: why.get(layer) ?? "no control group of this machine has it" };
    });
    return new Cgroups(bases, layers, undo);
  }

  /** Undefined where there is none to be had. Throws if the kernel refuses one. */
  make(name: string, limits: GroupLimits): Group | undefined {
    if (this.#bases.length === 0) return undefined;
    const parts = this.#bases.map((base) => ({ ...base, folder: join(base.folder, name) }));
    for (const { folder } of parts) mkdirSync(folder);
    return new Group(parts, limits);
  }

  /** Ends whatever is still in its groups, and removes them; the kernel needs a moment to let go of the dead. */
  async close(): Promise<void> {
    for (let tries = 0; tries < closeTriesMax; tries++) {
      for (const { folder } of this.#bases) removeTree(folder);
      if (!this.#bases.some(({ folder }) => existsSync(folder))) break;
      await new Promise((resolve) => setTimeout(resolve, closeEveryMs));
    }
    for (const step of this.#undo) tryTo(step);
  }
}

function readPlaces(): readonly Place[] {
  try {
    return findPlaces({
      mountinfo: readFileSync("/proc/self/mountinfo", "utf8"),
      cgroup: readFileSync("/proc/self/cgroup", "utf8"),
      readControllers: (folder) => readWords(join(folder, "cgroup.controllers")),
    });
  } catch {
    // Not Linux, or one without /proc.
    return [];
  }
}

function openBase(place: Place, isMarked: IsMarkedDelegated, undo: (() => void)[]): GroupPart | string {
  const { folder, version } = place;
  if (!isOurs(place, isMarked)) return `the group ${folder} is managed by another (systemd: Delegate=yes)`;
  const id = `${process.pid}.${startOf(process.pid) ?? 0}`;
  try {
    removeLeftovers(folder);
    if (version === 2) enable(place, id, undo);
    const base: GroupPart = { ...place, folder: join(folder, `solo.${id}`) };
    mkdirSync(base.folder);
    if (version === 2) put(base, "cgroup.subtree_control", wordsToEnable(place));
    if (place.controllers.includes("cpu")) setWeight(base, weightOfAll);
    return base;
  } catch (error) {
    tryRemoveFolder(join(folder, `solo.${id}`));
    return error instanceof Error ? error.message : String(error);
  }
}

function isOurs({ folder, top }: Place, isMarked: IsMarkedDelegated): boolean {
  const user = process.getuid?.();
  if (user === 0) return top || isMarked(folder);
  return statSync(folder).uid === user;
}

const wordsToEnable = ({ controllers }: Place): string => controllers.map((each) => `+${each}`).join(" ");
const wordsToDisable = ({ controllers }: Place): string => controllers.map((each) => `-${each}`).join(" ");

/** In version 2 a group other than the topmost has processes or groups: init moves aside if it must. */
function enable(place: Place, id: string, undo: (() => void)[]): void {
  const { folder } = place;
  const control = join(folder, "cgroup.subtree_control");
  const enabled = readWords(control);
  if (place.controllers.every((each) => enabled.includes(each))) return;
  try {
    writeFileSync(control, wordsToEnable(place));
    return;
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "EBUSY")) throw error;
  }
  const own = join(folder, `solo-own.${id}`);
  mkdirSync(own);
  writeFileSync(join(own, "cgroup.procs"), String(process.pid));
  undo.push(
    () => writeFileSync(control, wordsToDisable(place)),
    () => writeFileSync(join(folder, "cgroup.procs"), String(process.pid)),
    () => tryRemoveFolder(own),
  );
  try {
    writeFileSync(control, wordsToEnable(place));
  } catch (error) {
    for (const step of undo.splice(0)) tryTo(step);
    throw error;
  }
}

/** Groups of Solos whose init is gone. */
function removeLeftovers(folder: string): void {
  for (const name of readdirSync(folder)) {
    const [, pid, start] = /^solo(?:-own)?\.(\d+)\.(\d+)$/.exec(name) ?? [];
    if (pid !== undefined && startOf(Number(pid)) !== Number(start)) removeTree(join(folder, name));
  }
}

function removeTree(folder: string): void {
  if (!existsSync(folder)) return;
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    if (entry.isDirectory()) removeTree(join(folder, entry.name));
  }
  for (const pid of readWords(join(folder, "cgroup.procs"))) tryTo(() => process.kill(Number(pid), "SIGKILL"));
  tryRemoveFolder(folder);
}

/** When a process began, in ticks since the machine did: with its number, its identity. */
function startOf(pid: number): number | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
    return Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19]);
  } catch {
    return undefined;
  }
}

function readWords(file: string): readonly string[] {
  try {
    return readFileSync(file, "utf8").split(/\s+/).filter(Boolean);
  } catch {
    return [];
  }
}

function tryTo(act: () => unknown): void {
  try {
    act();
  } catch {
    // It is gone already, or was never there.
  }
}
