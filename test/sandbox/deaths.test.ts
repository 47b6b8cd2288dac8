/** Every end of a jailed cell is told truly, though a shell of the jail's stands between it and init. */
import assert from "node:assert/strict";
import { chmodSync, chownSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import process from "node:process";
import { after, test, type TestContext } from "node:test";
import { cellNumber } from "../../src/base/index.ts";
import {
  askCell,
  childrenOf,
  isAlive,
  KernelRemote,
  makeDataDir,
  startTestInit,
  until,
  untilReady,
} from "../init/harness.ts";
import { provideBrokenImage } from "./jailed.ts";
import { onlyLinux, testedTiers } from "./tiers.ts";

const cell = cellNumber(1);
const place = mkdtempSync(join(tmpdir(), "solo-deaths-"));
after(() => rmSync(place, { recursive: true, force: true }));
const image = onlyLinux === false ? await provideBrokenImage(join(place, "images")) : "";

const nobody = 65_534;
const users = [
  { who: "", through: [], skip: false },
  {
    who: " of an ordinary user",
    through: ["setpriv", "--reuid", String(nobody), "--regid", String(nobody), "--clear-groups"],
    skip: process.getuid?.() === 0 ? false : "only root can become another",
  },
] as const;

interface Start {
  readonly tier: string;
  /** A command that becomes init. */
  readonly through: readonly string[];
}

function startInit(t: TestContext, { tier, through }: Start) {
  const dataDir = makeDataDir(t);
  if (through.length > 0) {
    for (const path of [dirname(dataDir), dataDir]) chownSync(path, nobody, nobody);
    for (const path of [place, join(place, "images"), image]) chmodSync(path, 0o755);
  }
  return { dataDir, init: startTestInit(t, dataDir, ["--image", image, "--sandbox", tier], [], through) };
}

async function startCell(t: TestContext, start: Start, rssBytesMax = 1024 ** 3) {
  const { dataDir, init } = startInit(t, start);
  const ready = await untilReady(init);
  const kernel = new KernelRemote(t, ready.grpc);
  kernel.order({ type: "spawn_cell", cell, rssBytesMax });
  const { socket, osPid } = await kernel.hear("cell_spawned");
  return { init, kernel, osPid, dataDir, ask: (word: string) => askCell(dataDir, socket, word) };
}

const cases = testedTiers.flatMap(({ tier, skip: noTier }) =>
  users.map(({ who, through, skip }) => ({ tier, name: `${tier}${who}`, through, skip: noTier || skip })),
);

for (const { name, tier, through, skip } of cases) {
  test(
    `${name}: a cell that asks for what no cell asks for is ended by the kernel, and the loss says so`,
    { skip },
    async (t) => {
      const { kernel, osPid, ask } = await startCell(t, { tier, through });
      await ask("syscall ptrace").catch(() => undefined);
      assert.equal((await kernel.hear("cell_exited")).loss.type, "seccomp");
      assert.equal(isAlive(osPid), false);
    },
  );

  test(`${name}: an abort is told with its signal and last words`, { skip }, async (t) => {
    const { kernel, ask } = await startCell(t, { tier, through });
    await ask("abort").catch(() => undefined);
    const { loss } = await kernel.hear("cell_exited");
    assert.ok(loss.type === "signal", JSON.stringify(loss));
    assert.equal(loss.signal, "SIGABRT");
    assert.match(loss.lastWords ?? "", /Native stack trace|Abort/i);
  });

  test(`${name}: an exit is told with its status`, { skip }, async (t) => {
    const { kernel, ask } = await startCell(t, { tier, through });
    await ask("exit 3").catch(() => undefined);
    const { loss } = await kernel.hear("cell_exited");
    assert.ok(loss.type === "exit", JSON.stringify(loss));
    assert.equal(loss.code, 3);
  });

  test(`${name}: too much memory, in a process below the jail's own, ends the cell`, { skip }, async (t) => {
    const limitBytes = 300 * 1024 * 1024;
    const { kernel, ask } = await startCell(t, { tier, through }, limitBytes);
    await ask("eat");
    const { loss } = await kernel.hear("cell_exited");
    assert.ok(loss.type === "memory", JSON.stringify(loss));
    assert.equal(loss.limitBytes, limitBytes);
    assert.ok(loss.rssBytes > limitBytes / 2);
  });

  test(`${name}: a hang is told as one`, { skip }, async (t) => {
    const { kernel, ask } = await startCell(t, { tier, through });
    await ask("spin");
    assert.equal((await kernel.hear("cell_exited")).loss.type, "hang");
  });

  test(`${name}: killing the process that init knows ends the program in it`, { skip }, async (t) => {
    const { kernel, osPid } = await startCell(t, { tier, through });
    await until("the program", () => tier === "launcher" || childrenOf(osPid).length === 2);
    const below = childrenOf(osPid);
    process.kill(osPid, "SIGKILL");
    assert.deepEqual((await kernel.hear("cell_exited")).loss, { type: "signal", signal: "SIGKILL" });
    await until("the program's end", () => below.every((pid) => !isAlive(pid)));
  });

  test(`${name}: kill -9 of init leaves no process, and the next start no group of its`, { skip }, async (t) => {
    const { init, ask } = await startCell(t, { tier, through });
    // It answers: all of it is there.
    await ask("hash");
    const pid = init.process.pid ?? 0;
    const below = childrenOf(pid);
    assert.ok(below.length >= 3);
    init.process.kill("SIGKILL");
    await init.ended;
    await until("their end", () => below.every((each) => !isAlive(each)));
    const { init: next } = startInit(t, { tier, through });
    await untilReady(next);
    assert.deepEqual(groupsOf(pid), []);
    next.process.kill("SIGTERM");
    assert.equal(await next.ended, 0);
    assert.deepEqual(groupsOf(next.process.pid ?? 0), []);
  });
}

/** Folders of control groups that this init made, below its own group. */
function groupsOf(init: number): readonly string[] {
  return readFileSync("/proc/self/mountinfo", "utf8")
    .split("\n")
    .filter((line) => / - cgroup2? /.test(line))
    .map((line) => line.split(" ")[4] ?? "")
    .filter((point) => existsSync(point))
    .flatMap((point) => readdirSync(point).filter((name) => name.startsWith(`solo.${init}.`)));
}
