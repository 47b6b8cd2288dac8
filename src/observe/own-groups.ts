/**
 * The control groups that this process is in, for one controller: its own and those above it, as far as it sees them, since
 * each of them may have a limit. What runs out first is its group's, long before it is the machine's.
 */
import { join, relative } from "node:path";

export interface OwnGroup {
  readonly version: 1 | 2;
  readonly folder: string;
}

export interface GroupSources {
  /** Of /proc/self. */
  readonly mountinfo: string;
  readonly cgroup: string;
}

/** Deeper ones are not looked at. */
const depthMax = 32;

/** From its own to the topmost; none if nothing counts for it here. */
export function findOwnGroups(
  { mountinfo, cgroup }: GroupSources,
  controller: "cpu" | "memory" | "pids",
): readonly OwnGroup[] {
  const memberships = cgroup.split("\n").flatMap((line) => {
    const [, controllers, ...path] = line.split(":");
    return controllers === undefined ? [] : [{ controllers: controllers.split(","), path: path.join(":") }];
  });
  const first = memberships.find(({ controllers }) => controllers.includes(controller));
  // Version 2 has one hierarchy for all controllers, and does not name them.
  const own = first ?? memberships.find(({ controllers }) => controllers[0] === "");
  if (own === undefined) return [];
  const version = own === first ? 1 : 2;
  const mount = mountsIn(mountinfo).find(({ type, options }) =>
    version === 2 ? type === "cgroup2" : type === "cgroup" && options.includes(controller),
  );
  if (mount === undefined) return [];
  const below = relative(mount.root, own.path);
  // A path outside of what the mount shows.
  if (below.startsWith("..")) return [];
  const names = below.split("/").filter(Boolean).slice(0, depthMax);
  return names
    .map((_, at) => names.slice(0, names.length - at))
    .concat([[]])
    .map((path) => ({ version, folder: join(mount.point, ...path) }));
}

/** Lines of mountinfo: … root point options … - type source options. */
const mountsIn = (mountinfo: string) =>
  mountinfo.split("\n").flatMap((line) => {
    const [left = "", right = ""] = line.split(" - ");
    const [, , , root, point] = left.split(" ");
    const [type = "", , options = ""] = right.split(" ");
    return root !== undefined && point !== undefined && type.startsWith("cgroup")
      ? [{ type, root, point: point.replaceAll("\\040", " "), options: options.split(",") }]
      : [];
  });
