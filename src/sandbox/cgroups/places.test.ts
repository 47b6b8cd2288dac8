import assert from "node:assert/strict";
import { test } from "node:test";
import { findPlaces } from "./places.ts";

const none = (): readonly string[] => [];

test("version 1: each controller has a hierarchy of its own, and we stand somewhere in each", () => {
  const mountinfo = [
    "32 31 0:29 / /sys/fs/cgroup/cpu rw,relatime - cgroup cgroup rw,cpu",
    "35 31 0:32 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory",
    "36 31 0:33 / /sys/fs/cgroup/devices rw,relatime - cgroup cgroup rw,devices",
  ].join("\n");
  const cgroup = "5:devices:/\n4:memory:/jobs/7\n1:cpu:/\n";
  assert.deepEqual(findPlaces({ mountinfo, cgroup, readControllers: none }), [
    { version: 1, folder: "/sys/fs/cgroup/memory/jobs/7", top: false, controllers: ["memory"] },
    { version: 1, folder: "/sys/fs/cgroup/cpu", top: true, controllers: ["cpu"] },
  ]);
});

test("version 1: controllers that share a mount are one place", () => {
  const mountinfo = "33 31 0:30 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct";
  assert.deepEqual(findPlaces({ mountinfo, cgroup: "3:cpu,cpuacct:/a:b\n", readControllers: none }), [
    { version: 1, folder: "/sys/fs/cgroup/cpu,cpuacct/a:b", top: false, controllers: ["cpu"] },
  ]);
});

test("version 2: one hierarchy, with the controllers that our group has at hand", () => {
  const mountinfo = "30 24 0:26 / /sys/fs/cgroup rw,nosuid shared:9 - cgroup2 cgroup2 rw,nsdelegate";
  const cgroup = "0::/user.slice/user-1000.slice/user@1000.service/app.slice/solo.service\n";
  const folder = "/sys/fs/cgroup/user.slice/user-1000.slice/user@1000.service/app.slice/solo.service";
  const readControllers = (path: string): readonly string[] => (path === folder ? ["memory", "pids"] : []);
  assert.deepEqual(findPlaces({ mountinfo, cgroup, readControllers }), [
    { version: 2, folder, top: false, controllers: ["memory", "pids"] },
  ]);
});

test("hybrid: version 2 beside version 1 offers what it has, often nothing", () => {
  const mountinfo = [
    "39 31 0:36 / /sys/fs/cgroup/pids rw - cgroup cgroup rw,pids",
    "41 31 0:38 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw",
  ].join("\n");
  const found = findPlaces({ mountinfo, cgroup: "8:pids:/\n0::/\n", readControllers: () => ["hugetlb"] });
  assert.deepEqual(found, [{ version: 1, folder: "/sys/fs/cgroup/pids", top: true, controllers: ["pids"] }]);
});

test("in a container the mount shows a part: paths count from there", () => {
  const mountinfo = "35 31 0:32 /docker/abc /sys/fs/cgroup/memory ro - cgroup cgroup rw,memory";
  assert.deepEqual(findPlaces({ mountinfo, cgroup: "4:memory:/docker/abc\n", readControllers: none }), [
    { version: 1, folder: "/sys/fs/cgroup/memory", top: true, controllers: ["memory"] },
  ]);
  assert.deepEqual(findPlaces({ mountinfo, cgroup: "4:memory:/elsewhere\n", readControllers: none }), []);
});

test("what is not mounted, and what makes no sense, is no place", () => {
  assert.deepEqual(findPlaces({ mountinfo: "", cgroup: "4:memory:/\n", readControllers: none }), []);
  assert.deepEqual(
    findPlaces({ mountinfo: "nonsense - - -\n\n", cgroup: "nonsense\n::\n", readControllers: none }),
    [],
  );
});
