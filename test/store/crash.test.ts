import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { eventId, isRefusal, kernelEpoch, parseArtifactHash } from "../../src/base/index.ts";
import { eventVersions } from "../../src/kernel/index.ts";
import { openEventLog } from "../../src/store/index.ts";

const appender = fileURLToPath(new URL("./appender.ts", import.meta.url));

interface Ended {
  readonly acknowledged: number;
  readonly lines: readonly string[];
}

/** Runs the appender until it ends by itself, or was killed with -9 after `killAfter` acknowledgements. */
async function runAppender(of: { command: readonly string[]; killAfter?: number }): Promise<Ended> {
  const [file = "", ...args] = of.command;
  const child = spawn(file, args, { stdio: ["ignore", "pipe", "inherit"] });
  const exited = once(child, "exit");
  const lines: string[] = [];
  let acknowledged = 0;
  let heard = 0;
  for await (const line of createInterface({ input: child.stdout })) {
    lines.push(line);
    const id = /^ack (\d+)$/.exec(line)?.[1];
    if (id === undefined) continue;
    heard += 1;
    acknowledged = Math.max(acknowledged, Number(id));
    if (heard === of.killAfter) child.kill("SIGKILL");
  }
  await exited;
  return { acknowledged, lines };
}

async function inDirectory(work: (dir: string) => Promise<void>): Promise<void> {
  const dir = await mkdtemp(join(tmpdir(), "solo-crash-"));
  try {
    await work(dir);
  } finally {
    await rm(dir, { recursive: true });
  }
}

/** Everything that was acknowledged is there, nothing is torn, and what events name is there too. Returns the newest id. */
async function checkLog(dir: string, boot: string, acknowledged: number): Promise<number> {
  const log = await openEventLog({ dir, boot, epoch: kernelEpoch(1), versions: eventVersions });
  assert.ok(!isRefusal(log));
  try {
    assert.ok(log.durable >= acknowledged, `${acknowledged} was acknowledged, ${log.durable} is there`);
    const events = [...log.replay(eventId(0))];
    assert.deepEqual(
      events.map((event) => event.id),
      events.map((_, index) => index + 1),
    );
    assert.equal(events.length, log.durable);
    for (const subject of new Set(events.map((event) => `${event.tenant} ${event.subject}`))) {
      const event = events.find((one) => `${one.tenant} ${one.subject}` === subject);
      const hash = parseArtifactHash(event?.subject ?? "");
      assert.ok(event?.tenant !== undefined && hash !== undefined);
      assert.ok(!isRefusal(await log.getArtifact(event.tenant, hash)), `artifact ${subject}`);
    }
    const verdict = await log.verify();
    assert.ok(!isRefusal(verdict));
    assert.equal(verdict.type, "sound");
    return log.durable;
  } finally {
    await log.close();
  }
}

test("kill -9 in the middle of commits loses no acknowledged event, and leaves the chain whole", () =>
  inDirectory(async (dir) => {
    let before = 0;
    for (const [round, killAfter] of [1, 40, 333, 700, 1_500].entries()) {
      const { acknowledged } = await runAppender({
        command: [process.execPath, appender, dir, `run ${round}`, "400"],
        killAfter,
      });
      assert.ok(acknowledged >= before + killAfter);
      before = await checkLog(dir, `check ${round}`, acknowledged);
    }
  }));

test("when writing fails, the log fails once and says so, and no acknowledged event is lost", () =>
  inDirectory(async (dir) => {
    // The shell's limit on the size of a file, in KiB, makes a real write of SQLite's fail.
    const { acknowledged, lines } = await runAppender({
      command: ["bash", "-c", 'ulimit -f 3000; exec "$0" "$@"', process.execPath, appender, dir, "limited", "4000"],
    });
    assert.ok(acknowledged > 100);
    const failures = lines.filter((line) => line.startsWith("failed "));
    assert.equal(failures.length, 1);
    assert.match(failures[0] ?? "", /^failed (io|full)$/);
    await checkLog(dir, "check", acknowledged);
  }));
