/**
 * Where this process stands in the hierarchies of control groups, and whether it may make groups there.
 *
 * A group has one writer: whoever manages it. Groups are made only below a group that is ours to manage: the top of what
 * we see, one that belongs to our user, or one that systemd says it delegated. Anywhere else, another manager would find
 * processes missing from where it put them.
 */
import { join, relative } from "node:path";
import { type ResourceLayer, resourceLayers } from "../layers.ts";

export interface Place {
  readonly version: 1 | 2;
  /** Our own group's folder. */
  readonly folder: string;
  /** It is the top of what this mount shows. */
  readonly top: boolean;
  readonly controllers: readonly ResourceLayer[];
}

interface Mount {
  readonly type: string;
  /** The group that the mount shows at its top. */
  readonly root: string;
  readonly point: string;
  readonly options: readonly string[];
}

/** Lines of /proc/self/mountinfo: … root point options … - type source options. */
const parseMounts = (mountinfo: string): readonly Mount[] =>
  mountinfo.split("\n").flatMap((line) => {
    const [left = "", right = ""] = line.split(" - ");
    const [, , , root, point] = left.split(" ");
    const [type = "", , options = ""] = right.split(" ");
    return root !== undefined && point !== undefined && type.startsWith("cgroup")
      ? [{ type, root, point: unescapeSpaces(point), options: options.split(",") }]
      : [];
  });

const unescapeSpaces = (path: string): string => path.replaceAll("\\040", " ");

/** Lines of /proc/self/cgroup: hierarchy:controllers:path. */
interface Membership {
  readonly controllers: readonly string[];
  readonly path: string;
}

const parseMemberships = (text: string): readonly Membership[] =>
  text.split("\n").flatMap((line) => {
    const [, controllers, ...path] = line.split(":");
    return controllers === undefined
      ? []
      : [{ controllers: controllers.split(",").filter(Boolean), path: path.join(":") }];
  });

export interface PlaceSources {
  readonly mountinfo: string;
  readonly cgroup: string;
  /** The controllers that a group of version 2 has at hand. */
  readonly readControllers: (folder: string) => readonly string[];
}

/** One place for each hierarchy that has a controller of ours. */
export function findPlaces({ mountinfo, cgroup, readControllers }: PlaceSources): readonly Place[] {
  const mounts = parseMounts(mountinfo);
  return parseMemberships(cgroup).flatMap(({ controllers, path }) => {
    const version = controllers.length === 0 ? 2 : 1;
    const mount = mounts.find(({ type, options }) =>
      version === 2 ? type === "cgroup2" : type === "cgroup" && controllers.every((each) => options.includes(each)),
    );
    if (mount === undefined) return [];
    const below = relative(mount.root, path);
    // A path outside of what the mount shows.
    if (below.startsWith("..")) return [];
    const folder = join(mount.point, below);
    const here = version === 2 ? readControllers(folder) : controllers;
    const ours = resourceLayers.filter((each) => here.includes(each));
    return ours.length === 0 ? [] : [{ version, folder, top: below === "", controllers: ours }];
  });
}
