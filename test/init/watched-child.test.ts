/** What becomes of a child of init's that is told where it stands, and what it may have, before its program is there. */
import { closeSync, existsSync, openSync, readFileSync } from "node:fs";
import process from "node:process";
import { type TestContext, test } from "node:test";
import type { CellLoss } from "../../src/base/index.ts";
import { findChild } from "../../src/init/proc.ts";
import { WatchedChild } from "../../src/init/watched-child.ts";
import { watchLimits } from "../../src/init/watch.ts";
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
function startGated(t: TestContext) {
  const listenerFd = openSync("/dev/null", "r");
  t.after(() => closeSync(listenerFd));
  const ended = Promise.withResolvers<CellLoss>();
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
      group: undefined,
      standing: behind,
    },
    machine,
    performance.now(),
    { onEnd: ended.resolve, onText: () => undefined },
  );
  const program = (): number | undefined => findChild(findChild(child.pid));
  t.after(async () => {
    const those = [findChild(child.pid), program()].filter((pid) => pid !== undefined);
    child.kill({ type: "closed" });
    for (const pid of those) process.kill(pid, "SIGKILL");
    await ended.promise;
  });
  return { child, program };
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
