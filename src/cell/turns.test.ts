import assert from "node:assert/strict";
import { mock, test, type TestContext } from "node:test";
import { CpuShares, shareLagMs } from "./cpu-shares.ts";
import { Turns } from "./turns.ts";

/** A machine whose clock and meters a test sets, and a guest that runs until it is told to end its turn. */
function machine(t: TestContext) {
  mock.timers.enable({ apis: ["setTimeout"] });
  t.after(() => mock.timers.reset());
  const meters = { nowMs: 0, ownThreadMs: 0, poolMs: 0, wallMs: 0 };
  const running: (() => void)[] = [];
  const aside = async <T>(result: T): Promise<T> => {
    await new Promise<void>((resolve) => running.push(resolve));
    return result;
  };
  const inline = { work: (): void => undefined };
  const turns = new Turns(
    {
      turnInline: () => {
        inline.work();
        return 2;
      },
      turnThreaded: () => aside(2),
      load: () => aside(undefined),
      wallMicros: () => meters.wallMs * 1_000,
    },
    {
      now: () => meters.nowMs,
      contention: () => 1,
      inlineCpuMs: () => meters.ownThreadMs,
      shares: new CpuShares(() => meters.poolMs),
    },
  );
  /** Pool threads run for so long, of which they had a core for `poolMs`. */
  const pass = (wallMs: number, poolMs: number): void => {
    // The first tick of its own sees who is there.
    mock.timers.tick(10);
    meters.wallMs += wallMs;
    meters.poolMs += poolMs;
    mock.timers.tick(10);
  };
  return { meters, turns, inline, pass, end: () => running.shift()?.() };
}

const patient = { budgetMs: 1_000, timeoutMs: 10_000 };
const nothing = (): void => undefined;

test("an inline turn whose thread lost its core used what the thread used, not what the clock says", (t) => {
  const { meters, turns, inline } = machine(t);
  inline.work = () => void (meters.nowMs += 50);
  meters.ownThreadMs = 7;
  turns.inline([1], 1_000);
  assert.equal(turns.cpuMs, 7);
});

test("the turn of another service on the stack of an inline turn is the other's CPU time", (t) => {
  const { meters, turns, inline } = machine(t);
  inline.work = () => {
    meters.nowMs += 50;
    turns.excuse(47);
  };
  turns.inline([1], 1_000);
  assert.equal(turns.cpuMs, 3);
});

test("a threaded turn used its share, though the engine's meter went on while it waited for a core", async (t) => {
  const { turns, pass, end } = machine(t);
  const ran = turns.threaded([0], patient, nothing);
  pass(500, 40);
  assert.equal(turns.cpuMs, 40, "it is told while it runs");
  end();
  assert.equal((await ran).ownMs, 40 + shareLagMs);
  assert.equal(turns.cpuMs, 40 + shareLagMs);
});

test("no turn used more CPU time than the engine's meter saw, and what was told of a turn stays told", async (t) => {
  const { turns, pass, end, meters } = machine(t);
  const ran = turns.threaded([0], patient, nothing);
  pass(3, 40);
  assert.equal(turns.cpuMs, 3);
  end();
  await ran;
  assert.equal(turns.cpuMs, 3);
  const disposed = turns.threaded([0], patient, nothing);
  // A guest that was disposed of has no meter any more.
  meters.wallMs = 0;
  end();
  await disposed;
  assert.equal(turns.cpuMs, 3);
});

test("the top level of a module costs CPU time, too", async (t) => {
  const { turns, pass, end } = machine(t);
  const loaded = turns.load({ code: "", file: "a.ts", timeoutMs: 5_000 });
  pass(500, 12);
  end();
  assert.equal(await loaded, undefined);
  assert.equal(turns.cpuMs, 12 + shareLagMs);
});
