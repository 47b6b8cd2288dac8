/**
 * Control groups for real: what the kernel keeps for a group of processes, and what is told of it. What this machine does not
 * let Solo make is skipped here, and tried in another kernel by other-kernels.test.ts, which demands all of it
 * (SOLO_TEST_LAYERS).
 */
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  rmSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import process from "node:process";
import { after, test, type TestContext } from "node:test";
import { cellNumber, sayLoss } from "../../src/base/index.ts";
import { Cgroups, type Group } from "../../src/sandbox/index.ts";
import { askCell, KernelRemote, makeDataDir, startTestInit, until, untilReady } from "../init/harness.ts";
import { provideBrokenImage } from "./jailed.ts";
import { onlyLinux, testedTiers } from "./tiers.ts";

const mebibyte = 1024 * 1024;
const place = mkdtempSync(join(tmpdir(), "solo-groups-"));
after(() => rmSync(place, { recursive: true, force: true }));
const image = onlyLinux === false ? await provideBrokenImage(join(place, "images")) : "";
const cell = cellNumber(1);
const cgroups = Cgroups.open(() => false);
after(() => cgroups.close());

const demanded = (process.env["SOLO_TEST_LAYERS"] ?? "").split(",").filter(Boolean);
const lacking = (name: string): string | false => {
  const { active, why } = cgroups.layers.find(({ layer }) => layer === name) ?? { active: false, why: "unknown" };
  return active ? false : `no ${name} of Solo's own here: ${why ?? ""}`;
};
const has = { memory: lacking("memory"), pids: lacking("pids"), cpu: lacking("cpu") };

test("what whoever runs this demands is there", () => {
  for (const name of demanded) assert.equal(lacking(name), false);
});

const wide = { memoryBytesMax: 1024 * mebibyte, tasksMax: 64, cpuWeight: 100 };
let made = 0;

function makeGroup(t: TestContext, limits: Partial<typeof wide>): Group {
  const group = cgroups.make(`test-${process.pid}-${++made}`, { ...wide, ...limits });
  assert.ok(group !== undefined);
  t.after(() => group.remove());
  return group;
}

/** Runs a line of shell in a group: it goes on when it is in it. */
async function runIn(t: TestContext, group: Group, line: string) {
  const child: ChildProcess = spawn("/bin/sh", ["-c", `read -r _; ${line}`], { stdio: ["pipe", "pipe", "ignore"] });
  t.after(() => child.kill("SIGKILL"));
  assert.ok(child.pid !== undefined);
  group.admit(child.pid);
  let said = "";
  child.stdout?.setEncoding("utf8").on("data", (text: string) => (said += text));
  child.stdin?.end("go\n");
  const [code, signal] = (await once(child, "close")) as [number | null, string | null];
  return { end: signal ?? code, said };
}

/** Keeps as much memory as there is. */
const glutton = "tail /dev/zero";

test("memory: whoever takes more than the group has is ended, and the group tells", { skip: has.memory }, async (t) => {
  const limit = 48 * mebibyte;
  const group = makeGroup(t, { memoryBytesMax: limit });
  assert.ok(group.limitsMemory);
  const { end } = await runIn(t, group, `exec ${glutton}`);
  assert.equal(end, "SIGKILL");
  // Version 2 counts the one that it chose twice when it ends the whole group.
  assert.ok(group.countMemoryKills() >= 1);
  const peak = group.peakMemory();
  assert.ok(peak > limit * 0.9 && peak <= limit, `${peak} of ${limit}`);
});

test(
  "memory: another group is not touched, and one that was within its limit has no kills",
  { skip: has.memory },
  async (t) => {
    const [quiet, greedy] = [makeGroup(t, {}), makeGroup(t, { memoryBytesMax: 24 * mebibyte })];
    const [fine, ended] = await Promise.all([
      runIn(t, quiet, "sleep 0.2; echo still here"),
      runIn(t, greedy, `exec ${glutton}`),
    ]);
    assert.deepEqual([fine, ended.end], [{ end: 0, said: "still here\n" }, "SIGKILL"]);
    assert.equal(quiet.countMemoryKills(), 0);
    assert.ok(greedy.countMemoryKills() >= 1);
  },
);

test("memory: a limit that is raised holds from then on", { skip: has.memory }, async (t) => {
  const group = makeGroup(t, { memoryBytesMax: 24 * mebibyte });
  group.limitMemory(72 * mebibyte);
  // Some 40 MB of text, held at once by the shell that counts it.
  const { end, said } = await runIn(
    t,
    group,
    `x=$(head -c 10000000 /dev/zero | tr '\\0' x); echo \${#x}; exec ${glutton}`,
  );
  assert.deepEqual([said, end], ["10000000\n", "SIGKILL"]);
  assert.ok(group.peakMemory() > 60 * mebibyte, `${group.peakMemory()}`);
});

test(
  "threads and processes: one more than the group may have is refused, and those that are there go on",
  { skip: has.pids },
  async (t) => {
    const group = makeGroup(t, { tasksMax: 6 });
    const { said } = await runIn(t, group, "for i in 1 2 3 4 5 6 7 8; do sleep 0.3 & echo $i; done; wait");
    assert.equal(said, "1\n2\n3\n4\n5\n", "the shell and five more");
  },
);

test(
  "weight: of two that are always busy on one processor, the one with more shares gets more",
  { skip: has.cpu },
  async (t) => {
    const taskset = ["/usr/bin/taskset", "/bin/taskset"].find((path) => existsSync(path));
    if (taskset === undefined) return t.skip("taskset is not there to put both on one processor");
    const count = "n=0; trap 'echo $n; exit' TERM; while :; do n=$((n+1)); done";
    const burn = (seconds: number): string =>
      `exec timeout ${seconds} ${taskset} -c 0 sh -c "${count.replaceAll("$", "\\$")}"`;
    const [light, heavy] = [makeGroup(t, { cpuWeight: 100 }), makeGroup(t, { cpuWeight: 800 })];
    // The busier the machine, the longer it takes until both have begun: then they are given more time.
    for (const seconds of [1, 3, 9]) {
      const [few, many] = await Promise.all([runIn(t, light, burn(seconds)), runIn(t, heavy, burn(seconds))]);
      t.diagnostic(`${few.said.trim()} and ${many.said.trim()} rounds in ${seconds} s`);
      if (Number(few.said) > 0 && Number(many.said) > 2 * Number(few.said)) return;
    }
    assert.fail("eight times the shares gave less than twice the rounds");
  },
);

/** A jailed cell of a real init's, and what the kernel's files say of its groups. */
async function startCell(t: TestContext, tier: string, rssBytesMax: number) {
  const dataDir = makeDataDir(t);
  const init = startTestInit(t, dataDir, ["--image", image, "--sandbox", tier]);
  const ready = await untilReady(init);
  const kernel = new KernelRemote(t, ready.grpc);
  kernel.order({ type: "spawn_cell", cell, rssBytesMax });
  const { socket } = await kernel.hear("cell_spawned");
  return { init, kernel, groups: groupsOf(ready.pid), ask: (word: string) => askCell(dataDir, socket, word) };
}

const groupsOf = (init: number): readonly string[] =>
  readFileSync("/proc/self/mountinfo", "utf8")
    .split("\n")
    .filter((line) => / - cgroup2? /.test(line))
    .map((line) => line.split(" ")[4] ?? "")
    .filter((point) => existsSync(point))
    .flatMap((point) => readdirSync(point, { recursive: false }).map((name) => join(point, String(name))))
    .filter((folder) => folder.includes(`/solo.${init}.`))
    .map((folder) => join(folder, `cell-${cell}`));

const valueOf = (groups: readonly string[], ...names: readonly string[]): string | undefined =>
  groups
    .flatMap((folder) => names.map((name) => join(folder, name)))
    .filter((file) => existsSync(file))
    .map((file) => readFileSync(file, "utf8").trim())[0];

for (const { tier, skip } of testedTiers) {
  test(
    `${tier}: a cell that takes more memory than it may is lost to that, whoever sees it first`,
    { skip },
    async (t) => {
      const limitBytes = 160 * mebibyte;
      const { kernel, ask } = await startCell(t, tier, limitBytes);
      await ask("eat 4").catch(() => undefined);
      const { loss } = await kernel.hear("cell_exited");
      assert.ok(loss.type === "memory", JSON.stringify(loss));
      assert.equal(loss.limitBytes, limitBytes);
      t.diagnostic(sayLoss(loss));
      // A group never has more than its limit; who looks ten times a second sees it when it has.
      if (has.memory === false) assert.ok(loss.rssBytes <= limitBytes && loss.rssBytes > 0.9 * limitBytes);
      else assert.ok(loss.rssBytes > limitBytes);
    },
  );
}

test(
  "a cell is born into its groups, and its limits are what the kernel was asked for",
  { skip: has.pids },
  async (t) => {
    const { groups, kernel, ask } = await startCell(t, "launcher", 200 * mebibyte);
    await ask("hash");
    assert.equal(valueOf(groups, "pids.max"), "256");
    assert.ok(Number(valueOf(groups, "pids.current")) >= 1, "it is in there");
    kernel.order({ type: "limit_cell", cell, rssBytesMax: 300 * mebibyte, cpuWeight: 400 });
    await until(
      "the new weight",
      () => has.cpu !== false || valueOf(groups, "cpu.shares", "cpu.weight") === weightFile(400),
    );
    if (has.memory === false) {
      await until(
        "the new limit",
        () => valueOf(groups, "memory.max", "memory.limit_in_bytes") === String(300 * mebibyte),
      );
    }
  },
);

test("a limit below what a cell already has ends it, and init goes on", { skip: onlyLinux }, async (t) => {
  const { kernel, ask, init } = await startCell(t, "launcher", 400 * mebibyte);
  await ask("hash");
  kernel.order({ type: "limit_cell", cell, rssBytesMax: 4 * mebibyte });
  const { loss } = await kernel.hear("cell_exited");
  assert.ok(loss.type === "memory" && loss.limitBytes === 4 * mebibyte, JSON.stringify(loss));
  kernel.order({ type: "spawn_cell", cell: cellNumber(2), rssBytesMax: 400 * mebibyte });
  await kernel.hear("cell_spawned", (spawned) => spawned.cell === 2);
  assert.equal(init.process.exitCode, null);
});

const nobody = 65_534;
const notRoot = process.getuid?.() === 0 ? false : "only root can give groups away";

test(
  "an ordinary user to whom groups were given has its cells limited there, and leaves them as they were",
  { skip: has.pids || notRoot },
  async (t) => {
    const given = giveGroups(t);
    const dataDir = makeDataDir(t);
    for (const path of [dirname(dataDir), dataDir]) chownSync(path, nobody, nobody);
    for (const path of [place, join(place, "images"), image]) chmodSync(path, 0o755);
    const enter = given.map((folder) => `echo 0 > ${folder}/cgroup.procs; `).join("");
    const become = `exec setpriv --reuid ${nobody} --regid ${nobody} --clear-groups "$@"`;
    // Which tier holds for an ordinary user depends on the kernel: Landlock, or namespaces.
    const args = ["--image", image, "--sandbox", "auto"];
    const init = startTestInit(t, dataDir, args, [], ["/bin/sh", "-c", `${enter}${become}`, "sh"]);
    const ready = await untilReady(init);
    const kernel = new KernelRemote(t, ready.grpc);
    const limitBytes = 160 * mebibyte;
    kernel.order({ type: "spawn_cell", cell, rssBytesMax: limitBytes });
    const { socket } = await kernel.hear("cell_spawned");
    const groups = given.flatMap((folder) => cellsBelow(folder));
    await askCell(dataDir, socket, "hash");
    assert.equal(valueOf(groups, "pids.max"), "256");
    await askCell(dataDir, socket, "eat 4").catch(() => undefined);
    const { loss } = await kernel.hear("cell_exited");
    assert.ok(loss.type === "memory" && loss.limitBytes === limitBytes, JSON.stringify(loss));
    assert.equal(loss.rssBytes <= limitBytes, has.memory === false);
    init.process.kill("SIGTERM");
    assert.equal(await init.ended, 0);
    for (const folder of given) {
      const left = readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isDirectory());
      assert.deepEqual(left, []);
    }
  },
);

/** A group in each hierarchy, beside the tests' own, that belongs to nobody. */
function giveGroups(t: TestContext): readonly string[] {
  const group = makeGroup(t, {});
  return group.doors.map((door) => {
    const top = dirname(dirname(dirname(door)));
    const folder = join(top, `solo-given-${process.pid}`);
    mkdirSync(folder);
    t.after(() => rmdirSync(folder));
    for (const name of [".", "cgroup.procs", "cgroup.subtree_control", "tasks"]) {
      const path = join(folder, name);
      if (existsSync(path)) chownSync(path, nobody, nobody);
    }
    return folder;
  });
}

const cellsBelow = (folder: string): readonly string[] =>
  readdirSync(folder)
    .filter((name) => name.startsWith("solo."))
    .map((name) => join(folder, name, `cell-${cell}`));

test("what is still in a group when its owner ends is ended, and nothing of it stays", { skip: has.pids }, async () => {
  const group = cgroups.make("held", wide);
  assert.ok(group !== undefined);
  const child = spawn("sleep", ["60"]);
  assert.ok(child.pid !== undefined);
  const gone = once(child, "exit");
  group.admit(child.pid);
  const folders = group.doors.map(dirname);
  await cgroups.close();
  assert.equal((await gone)[1], "SIGKILL");
  assert.deepEqual(
    folders.filter((folder) => existsSync(folder)),
    [],
  );
});

/** Version 1 counts shares, version 2 weights. */
const weightFile = (weight: number): string =>
  existsSync("/sys/fs/cgroup/cgroup.controllers") ? String(weight) : String((weight * 1_024) / 100);
