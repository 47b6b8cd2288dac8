/** The jail of our own launcher (launch/main.ts), for machines where bubblewrap is not there or may not make namespaces. */
import { join } from "node:path";
import process from "node:process";
import { direct, type Habitat, type Jail, lastDescriptor, openFilesMax, pathOf, pidPlaceholder } from "./jail.ts";
import type { LaunchOrder } from "./launch/order.ts";
import { readModule, roomOf } from "./room.ts";
import { makeBootFilter, makeExternalFilter } from "./seccomp/index.ts";
import { userOf } from "./users.ts";

const bootFilter = "launched.bpf";
const suffix = import.meta.url.endsWith(".ts") ? ".ts" : ".js";

/** Kept in the room as plain JavaScript: to strip their types at each start would double its cost. */
const modules = ["launch/main", "launch/landlock", "native", "seccomp/syscalls"] as const;

/** What the dynamic linker and OpenSSL look at; they do without what is not there, but not without what is refused. */
const lookedAt = ["/etc/ld.so.cache", "/etc/ssl/openssl.cnf"] as const;

/** Throws if the room cannot be made. */
export function makeLauncherJail(habitat: Habitat): Jail {
  const isRoot = process.getuid?.() === 0;
  const texts = modules.map((name): [string, string] => [
    `launcher/${name}.mjs`,
    readModule(new URL(`./${name}${suffix}`, import.meta.url)),
  ]);
  const room = roomOf(habitat.rooms, {
    ...habitat,
    texts: {
      ...habitat.texts,
      ...Object.fromEntries(texts),
      [bootFilter]:
        habitat.program.kind === "own"
          ? makeBootFilter(habitat.arch, pidPlaceholder)
          : makeExternalFilter(habitat.arch, pidPlaceholder),
    },
  });
  return {
    tier: "launcher",
    prepare(command, { number, cgroups, report = false }) {
      const { path, root, libraries } = room();
      const inside = isRoot ? `/${habitat.folder}` : join(root, habitat.folder);
      const user = userOf(number);
      const order: LaunchOrder = {
        parent: process.pid,
        cgroups,
        ...(isRoot ? { root } : {}),
        ...(user === undefined ? {} : { user }),
        readable: isRoot ? ["/"] : [root, ...libraries, ...lookedAt],
        folder: inside,
        filter: join(path, bootFilter),
        pidPlaceholder,
        openFilesMax,
        lastDescriptor,
        program: join(isRoot ? "/" : root, pathOf(habitat.program)),
        args: command(inside),
        env: {},
        report,
      };
      return {
        file: process.execPath,
        args: ["--no-warnings", join(path, "launcher/launch/main.mjs"), JSON.stringify(order)],
        env: {},
        // The launcher needs what it is to give up: it changes the user itself.
        user: undefined,
        ...direct,
      };
    },
  };
}
