/**
 * Another Linux, as a process of its own (User Mode Linux, Debian's package user-mode-linux), for what the machine that runs
 * the tests does not let them do: control groups of every kind, all of them the test's own. It sees this machine's files, and
 * changes none.
 */
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import process from "node:process";

export const findOtherKernel = (path: string | undefined = process.env["PATH"]): string | undefined =>
  (path ?? "")
    .split(":")
    .map((folder) => join(folder, "linux.uml"))
    .find((file) => existsSync(file));

/** How control groups are mounted there. */
export const hierarchies = {
  "version 1": ["memory", "pids", "cpu"].map(
    (one) => `mkdir /sys/fs/cgroup/${one} && mount -t cgroup -o ${one} cgroup /sys/fs/cgroup/${one}`,
  ),
  "version 2": ["umount /sys/fs/cgroup", "mount -t cgroup2 cgroup2 /sys/fs/cgroup"],
  hybrid: [
    ...["pids", "cpu"].map(
      (one) => `mkdir /sys/fs/cgroup/${one} && mount -t cgroup -o ${one} cgroup /sys/fs/cgroup/${one}`,
    ),
    "mkdir /sys/fs/cgroup/unified && mount -t cgroup2 cgroup2 /sys/fs/cgroup/unified",
  ],
} as const;
export type Hierarchy = keyof typeof hierarchies;

export interface Ran {
  readonly code: number | undefined;
  /** All that its console said. */
  readonly said: string;
}

/** What temporary files go to there: nothing of ours is below it. */
const scratch = process.cwd().startsWith("/mnt") ? "/media" : "/mnt";

/** Runs lines of shell as root in a kernel that is booted for them. Its end ends all that they started. */
export async function runInOtherKernel(
  kernel: string,
  hierarchy: Hierarchy,
  lines: readonly string[],
  timeoutMs: number,
): Promise<Ran> {
  const place = mkdtempSync(join(tmpdir(), "solo-uml-"));
  try {
    const script = join(place, "init.sh");
    const mounts = [
      "mount -t proc proc /proc",
      "mount -t sysfs sys /sys",
      ...["/run", "/var/cache", "/sys/fs/cgroup"].map((point) => `mount -t tmpfs tmp ${point}`),
      `mount -t tmpfs -o mode=1777 tmp ${scratch}`,
      ...hierarchies[hierarchy],
      "ip link set lo up",
    ];
    const environment = `export PATH=${dirname(process.execPath)}:/usr/local/bin:/usr/bin:/usr/sbin:/bin:/sbin HOME=${scratch} TMPDIR=${scratch} NO_COLOR=1`;
    const work = [`cd '${process.cwd()}'`, ...lines].join(" && ");
    const text = [
      "#!/bin/sh",
      environment,
      ...mounts,
      `{ ${work}; } </dev/null 2>&1`,
      'echo "ENDED WITH $?"',
      "poweroff -f",
    ];
    writeFileSync(script, `${text.join("\n")}\n`, { mode: 0o755 });
    const child = spawn(
      kernel,
      [
        ..."mem=3G root=/dev/root rootfstype=hostfs rootflags=/ ro con=null con0=fd:0,fd:1 quiet panic=-1".split(" "),
        `init=${script}`,
        `uml_dir=${place}`,
      ],
      // A group of its own: it is several processes here, and its end must be that of all.
      { stdio: ["ignore", "pipe", "pipe"], env: { TMPDIR: place }, detached: true },
    );
    const endAll = (): void => {
      try {
        if (child.pid !== undefined) process.kill(-child.pid, "SIGKILL");
      } catch {
        // All have ended.
      }
    };
    const late = setTimeout(endAll, timeoutMs);
    let said = "";
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding("utf8").on("data", (chunk: string) => (said += chunk.replaceAll("\r", "")));
    }
    child.once("exit", endAll);
    await new Promise((resolve) => child.once("close", resolve));
    clearTimeout(late);
    const code = /^ENDED WITH (\d+)$/m.exec(said)?.[1];
    return { code: code === undefined ? undefined : Number(code), said };
  } finally {
    rmSync(place, { recursive: true, force: true });
  }
}
