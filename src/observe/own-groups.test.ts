import assert from "node:assert/strict";
import { test } from "node:test";
import { findOwnGroups } from "./own-groups.ts";

const v1 = [
  "35 31 0:32 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory",
  "39 31 0:36 / /sys/fs/cgroup/pids rw,relatime - cgroup cgroup rw,pids",
  "41 31 0:38 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw",
].join("\n");
const foldersOf = (...asked: Parameters<typeof findOwnGroups>): readonly string[] =>
  findOwnGroups(...asked).map(({ version, folder }) => `${version} ${folder}`);

test("version 1: the controller's own hierarchy, from our group to its top", () => {
  const cgroup = "8:pids:/\n4:memory:/jobs/a:b\n0::/elsewhere\n";
  assert.deepEqual(foldersOf({ mountinfo: v1, cgroup }, "memory"), [
    "1 /sys/fs/cgroup/memory/jobs/a:b",
    "1 /sys/fs/cgroup/memory/jobs",
    "1 /sys/fs/cgroup/memory",
  ]);
  assert.deepEqual(foldersOf({ mountinfo: v1, cgroup }, "pids"), ["1 /sys/fs/cgroup/pids"]);
});

test("version 2: one hierarchy for all, and each group above ours counts", () => {
  const mountinfo = "30 24 0:26 / /sys/fs/cgroup rw,nosuid shared:9 - cgroup2 cgroup2 rw,nsdelegate";
  assert.deepEqual(foldersOf({ mountinfo, cgroup: "0::/system.slice/solo.service\n" }, "pids"), [
    "2 /sys/fs/cgroup/system.slice/solo.service",
    "2 /sys/fs/cgroup/system.slice",
    "2 /sys/fs/cgroup",
  ]);
});

test("in a container paths count from what the mount shows, and what lies outside of it is not ours to see", () => {
  const mountinfo = "35 31 0:32 /docker/abc /sys/fs/cgroup/my\\040groups ro - cgroup cgroup rw,memory";
  assert.deepEqual(foldersOf({ mountinfo, cgroup: "4:memory:/docker/abc\n" }, "memory"), [
    "1 /sys/fs/cgroup/my groups",
  ]);
  assert.deepEqual(foldersOf({ mountinfo, cgroup: "4:memory:/elsewhere\n" }, "memory"), []);
});

test("where nothing is mounted, or nothing makes sense, there is none", () => {
  assert.deepEqual(foldersOf({ mountinfo: "", cgroup: "0::/\n" }, "memory"), []);
  assert.deepEqual(foldersOf({ mountinfo: "- - -", cgroup: "nonsense\n\n" }, "memory"), []);
});
