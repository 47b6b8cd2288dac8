/** What becomes of a child of init's that is told where it stands, and what it may have. */
import assert from "node:assert/strict";
import { closeSync, existsSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { type TestContext, test } from "node:test";
import type { CellLoss } from "../../src/base/index.ts";
import { findChild } from "../../src/init/proc.ts";
import { WatchedChild } from "../../src/init/watched-child.ts";
import { watchLimits } from "../../src/init/heart.ts";
import { Group } from "../../src/sandbox/cgroups/group.ts";
import { openLibc, readProcUnits } from "../../src/sandbox/index.ts";
import { until } from "./harness.ts";

const machine = readProcUnits(openLibc());
const behind = { niceness: 1, oomScore: 0 };
const farBehind = { niceness: 7, oomScore: 0 };
const roomy = 1024 ** 3;

/**
 * A child that waits at its gate, as a jail of bubblewrap does, and then has a session of its own before its program is there:
 * child ─▶ inner (makes the session) ─▶ program.
 */
function startGated(t: TestContext, group?: Group) {
  const listenerFd = openSync("/dev/null", "r");
  t.after(() => closeSync(listenerFd));
  const ended = Promise.withResolvers<CellLoss>();
  const texts: string[] = [];
  const script = `read go <&4; setsid sh -c "sleep 600; :"; :`;
  const child = new WatchedChild(
    {
      start: {
        file: "/bin/sh",
        args: ["-c", script],
        env: { PATH: process.env["PATH"] ?? "" },
        user: undefined,
        gated: true,
        descriptors: [],
      },
      listenerFd,
      rssBytesMax: roomy,
      group,
      standing: behind,
    },
    machine,
    performance.now(),
    { onEnd: ended.resolve, onText: (text) => texts.push(text) },
  );
  // They do not end with the child.
  const further = new Set<number>();
  const program = (): number | undefined => {
    const inner = findChild(child.pid);
    const found = findChild(inner);
    if (inner !== undefined && found !== undefined) further.add(inner).add(found);
    return found;
  };
  t.after(async () => {
    child.kill({ type: "closed" });
    for (const pid of further) process.kill(pid, "SIGKILL");
    await ended.promise;
  });
  return { child, program, texts, ended: ended.promise };
}

const sessionLevelOf = (pid: number): number =>
  Number(/nice (-?\d+)/.exec(readFileSync(`/proc/${pid}/autogroup`, "latin1"))?.[1]);

const isSharedBySessions = existsSync("/proc/self/autogroup");

test(
  "a child that is moved before its program is there is pushed back in the session that it makes later",
  { skip: isSharedBySessions ? false : "this system does not share its processor out by sessions" },
  async (t) => {
    const { child, program } = startGated(t);
    child.moveTo(farBehind);
    const pid = await until("its program", program);
    // It is pushed back at the first look that finds it, unless the system wants to be asked once more.
    await until("its session at 7", () => {
      child.watch(watchLimits, undefined);
      return sessionLevelOf(pid) === 7;
    });
  },
);

/** A group whose files are no more than files: what is written there, nobody keeps. */
function makeGroup(t: TestContext) {
  const folder = mkdtempSync(join(tmpdir(), "solo-group-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const parts = [{ version: 2, folder, controllers: ["memory", "cpu"] }] as const;
  const group = new Group(parts, { memoryBytesMax: roomy, tasksMax: 100, cpuWeight: 100 });
  const refuse = (file: string): void => {
    rmSync(join(folder, file));
    mkdirSync(join(folder, file));
  };
  return { group, refuse, textOf: (file: string) => readFileSync(join(folder, file), "utf8") };
}

/** Every program that is there has this much resident, and shares nearly all of it. */
const tiny = 1;

test("a weight that the system refuses leaves memory to the group, which does not count what is shared", async (t) => {
  const { group, refuse, textOf } = makeGroup(t);
  const { child, program, texts, ended } = startGated(t, group);
  await until("its program", program);
  refuse("cpu.weight");
  child.limit(tiny, 50);
  child.watch(watchLimits, undefined);
  assert.match(texts.join(""), /^its weight was not taken: /);
  assert.equal(textOf("memory.max"), String(tiny));
  // The first loss counts: it was not ended over its memory.
  child.kill({ type: "closed" });
  assert.deepEqual(await ended, { type: "closed" });
});

test("a limit of memory that the system refuses is looked after by init, which counts all that is resident", async (t) => {
  const { group, refuse, textOf } = makeGroup(t);
  const { child, program, texts, ended } = startGated(t, group);
  await until("its program", program);
  refuse("memory.max");
  child.limit(tiny, 50);
  child.watch(watchLimits, undefined);
  assert.match(texts.join(""), /^its limit of memory was not taken: /);
  assert.equal(textOf("cpu.weight"), "50");
  assert.equal((await ended).type, "memory");
});
