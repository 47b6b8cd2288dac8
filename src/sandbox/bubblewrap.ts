/** The jail of bubblewrap: https://github.com/containers/bubblewrap. A shell before it sets limits and waits at the gate. */
import { closeSync, existsSync, openSync } from "node:fs";
import { join } from "node:path";
import { gateDescriptor, type Habitat, type Jail, lastDescriptor, openFilesMax, pathOf } from "./jail.ts";
import { roomOf } from "./room.ts";
import { makeBootFilter, makeExternalFilter } from "./seccomp/index.ts";
import { userOf } from "./users.ts";

/** Bubblewrap's own process is the first of the namespace, and the program the second. */
const pidInside = 2;
const bootFilter = "boot.bpf";
const filterDescriptor = lastDescriptor + 1;

/** Until init has put it where it belongs, it does not go on: everything that it becomes is born there. */
const preamble = `read -r _ <&${gateDescriptor} || exit 71; ulimit -c 0; ulimit -n ${openFilesMax}; exec "$@"`;

const namespaces = "--unshare-user --unshare-all --disable-userns --die-with-parent --new-session".split(" ");
const nothingElse = "--cap-drop ALL --hostname solo --clearenv".split(" ");

/** What programs expect that are not ours: processes of its namespace, devices of no consequence, and room for a little. */
const external = "--proc /proc --dev /dev --remount-ro /dev --size 67108864 --perms 1777 --tmpfs /tmp".split(" ");
const mountPoints = Object.fromEntries(["proc", "dev", "tmp"].map((name) => [`root/${name}/.here`, ""]));

/** `bwrap`: the program's absolute path. Throws if the room cannot be made. */
export function makeBubblewrapJail(habitat: Habitat, bwrap: string): Jail {
  const { arch, program } = habitat;
  const isOwn = program.kind === "own";
  const filterProgram = isOwn ? makeBootFilter(arch, pidInside) : makeExternalFilter(arch, undefined);
  const room = roomOf(habitat.rooms, {
    ...habitat,
    texts: { ...habitat.texts, ...(isOwn ? {} : mountPoints), [bootFilter]: filterProgram },
  });
  const inside = `/${habitat.folder}`;
  return {
    tier: "bubblewrap",
    prepare(command, { number }) {
      const { path, root } = room();
      // The kernel reads the program from the descriptor's own place: each start needs one of its own.
      const filter = openSync(join(path, bootFilter), "r");
      const view = ["--ro-bind", root, "/", ...(isOwn ? [] : external), "--chdir", inside];
      const held = ["--seccomp", String(filterDescriptor), ...namespaces, ...nothingElse];
      const jailed = [bwrap, ...view, ...held, "--", `/${pathOf(program)}`, ...command(inside)];
      return {
        file: "/bin/sh",
        args: ["-c", preamble, "sh", ...jailed],
        env: {},
        user: userOf(number),
        gated: true,
        descriptors: [filter],
        [Symbol.dispose]: () => closeSync(filter),
      };
    },
  };
}

/** In the PATH of whoever starts Solo. */
export const findBubblewrap = (path: string | undefined): string | undefined =>
  (path ?? "/usr/local/bin:/usr/bin:/bin")
    .split(":")
    .map((folder) => `${folder}/bwrap`)
    .find((file) => file.startsWith("/") && existsSync(file));
