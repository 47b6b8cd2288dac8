/**
 * The supervisor against an independent model of the rules that OTP documents
 * (https://www.erlang.org/doc/apps/stdlib/supervisor.html): a tree of processes that is really stopped and started, and
 * a window of restarts that is really counted.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Bug } from "./insist.ts";
import {
  backoffMs,
  type Child,
  type RestartType,
  type Strategy,
  supervise,
  type SupervisorSpec,
} from "./supervision.ts";

const strategies: readonly Strategy[] = ["one_for_one", "one_for_all", "rest_for_one"];
const restartTypes: readonly RestartType[] = ["permanent", "transient", "temporary"];
const noWait = { firstMs: 0, factor: 1, waitMsMax: 0 };
const spec = (strategy: Strategy, restartsMax: number, withinMs = 5_000): SupervisorSpec => ({
  strategy,
  intensity: { restartsMax, withinMs },
  backoff: noWait,
});
const children = (...types: readonly RestartType[]): readonly Child<string>[] =>
  types.map((restart, i) => ({ id: "abcdef".charAt(i), restart }));

/** OTP's rules, written as the manual says them, one after the other. */
class Model {
  readonly #strategy: Strategy;
  readonly #restartsMax: number;
  readonly #withinMs: number;
  readonly alive: Child<string>[];
  readonly log: string[] = [];
  #restarted: number[] = [];
  gaveUp = false;

  constructor({ strategy, intensity }: SupervisorSpec, kids: readonly Child<string>[]) {
    this.#strategy = strategy;
    this.#restartsMax = intensity.restartsMax;
    this.#withinMs = intensity.withinMs;
    this.alive = [...kids];
  }

  exit(id: string, normal: boolean, now: number): void {
    const index = this.alive.findIndex((kid) => kid.id === id);
    const kid = this.alive[index];
    assert.ok(kid !== undefined);
    // "A permanent child process is always restarted. A temporary child process is never restarted. A transient child
    // process is restarted only if it terminates abnormally."
    const again = { permanent: true, transient: !normal, temporary: false }[kid.restart];
    if (!again) {
      this.alive.splice(index, 1);
      return;
    }
    // "If more than MaxR number of restarts occur in the last MaxT seconds, the supervisor terminates all the child
    // processes and then itself."
    this.#restarted.push(now);
    if (this.#restarted.filter((at) => at >= now - this.#withinMs).length > this.#restartsMax) {
      this.alive.splice(index, 1);
      while (this.alive.length > 0) this.#stop(this.alive.length - 1);
      this.gaveUp = true;
      return;
    }
    // one_for_one: only that process; one_for_all: all; rest_for_one: it, and those started after it.
    const from = { one_for_one: index, one_for_all: 0, rest_for_one: index }[this.#strategy];
    const to = this.#strategy === "one_for_one" ? index + 1 : this.alive.length;
    const group = this.alive.slice(from, to);
    for (const one of group.toReversed()) if (one.id !== id) this.log.push(`stop ${one.id}`);
    // "Temporary: never restarted, even when the strategy is rest_for_one or one_for_all and a sibling's death causes
    // it to be terminated."
    const back = group.filter((one) => one.id === id || one.restart !== "temporary");
    for (const one of back) this.log.push(`start ${one.id}`);
    this.alive.splice(from, to - from, ...back);
  }

  #stop(index: number): void {
    const [kid] = this.alive.splice(index, 1);
    this.log.push(`stop ${kid?.id}`);
  }
}

/** The same history, decided by `supervise`. */
class Real {
  readonly #spec: SupervisorSpec;
  alive: Child<string>[];
  readonly log: string[] = [];
  #restarts: readonly number[] = [];
  gaveUp = false;

  constructor(of: SupervisorSpec, kids: readonly Child<string>[]) {
    this.#spec = of;
    this.alive = [...kids];
  }

  exit(id: string, normal: boolean, now: number): void {
    const exit = { child: id, kind: normal ? "normal" : "abnormal" } as const;
    const decided = supervise(this.#spec, this.alive, this.#restarts, exit, now);
    switch (decided.type) {
      case "ignore":
        this.alive = this.alive.filter((kid) => kid.id !== id);
        return;
      case "escalate":
        for (const stopped of decided.stop) this.log.push(`stop ${stopped}`);
        this.alive = [];
        this.gaveUp = true;
        return;
      case "restart": {
        for (const stopped of decided.stop) this.log.push(`stop ${stopped}`);
        for (const started of decided.start) this.log.push(`start ${started}`);
        const gone = decided.stop.filter((stopped) => !decided.start.includes(stopped));
        this.alive = this.alive.filter((kid) => !gone.includes(kid.id));
        this.#restarts = decided.restarts;
      }
    }
  }
}

test("every history of exits is decided as OTP's rules say: all strategies, restart types, exits and intensities", () => {
  const history = fc.array(
    fc.record({ child: fc.nat(5), normal: fc.boolean(), waitMs: fc.constantFrom(0, 1, 400, 999, 1_000, 1_001) }),
    { maxLength: 30, size: "max" },
  );
  fc.assert(
    fc.property(
      fc.constantFrom(...strategies),
      fc.array(fc.constantFrom(...restartTypes), { minLength: 1, maxLength: 6 }),
      fc.integer({ min: 0, max: 4 }),
      history,
      (strategy, types, restartsMax, exits) => {
        const of = spec(strategy, restartsMax, 1_000);
        const model = new Model(of, children(...types));
        const real = new Real(of, children(...types));
        let now = 10_000;
        for (const { child, normal, waitMs } of exits) {
          now += waitMs;
          const kid = model.alive[child % Math.max(1, model.alive.length)];
          if (kid === undefined) break;
          model.exit(kid.id, normal, now);
          real.exit(kid.id, normal, now);
          assert.deepEqual(
            { alive: real.alive, log: real.log, gaveUp: real.gaveUp },
            { alive: model.alive, log: model.log, gaveUp: model.gaveUp },
          );
        }
      },
    ),
    { numRuns: 500 },
  );
});

for (const [restart, kind, again] of [
  ["permanent", "normal", true],
  ["permanent", "abnormal", true],
  ["transient", "normal", false],
  ["transient", "abnormal", true],
  ["temporary", "normal", false],
  ["temporary", "abnormal", false],
] as const) {
  test(`a ${restart} child is ${again ? "started again" : "left alone"} after a${kind === "normal" ? "" : "n"} ${kind} exit`, () => {
    const decided = supervise(spec("one_for_one", 1), children(restart), [], { child: "a", kind }, 0);
    assert.equal(decided.type, again ? "restart" : "ignore");
  });
}

for (const [strategy, stop, start] of [
  ["one_for_one", [], ["b"]],
  ["rest_for_one", ["d", "c"], ["b", "c", "d"]],
  ["one_for_all", ["d", "c", "a"], ["a", "b", "c", "d"]],
] as const) {
  test(`${strategy}: of a, b, c, d the end of b stops [${stop.join()}] and starts [${start.join()}]`, () => {
    const kids = children("permanent", "permanent", "permanent", "permanent");
    const decided = supervise(spec(strategy, 1), kids, [], { child: "b", kind: "abnormal" }, 7);
    assert.deepEqual(decided, { type: "restart", stop, start, delayMs: 0, restarts: [7] });
  });
}

test("a supervisor without a budget gives up at the first restart", () => {
  const decided = supervise(
    spec("one_for_one", 0),
    children("permanent", "permanent"),
    [],
    { child: "a", kind: "abnormal" },
    0,
  );
  assert.deepEqual(decided, { type: "escalate", stop: ["b"] });
});

test("a restart exactly one window ago still counts, an older one does not", () => {
  const exit = { child: "a", kind: "abnormal" } as const;
  assert.equal(supervise(spec("one_for_one", 1, 100), children("permanent"), [0], exit, 100).type, "escalate");
  assert.equal(supervise(spec("one_for_one", 1, 100), children("permanent"), [0], exit, 101).type, "restart");
});

test("a blameless exit is restarted at once, without spending the budget, even an empty one", () => {
  const exit = { child: "a", kind: "abnormal", blameless: true } as const;
  const decided = supervise(spec("one_for_one", 0), children("permanent"), [1], exit, 2);
  assert.deepEqual(decided, { type: "restart", stop: [], start: ["a"], delayMs: 0, restarts: [1] });
});

test("restarts in a row wait longer and longer, up to a limit", () => {
  const backoff = { firstMs: 50, factor: 4, waitMsMax: 1_000 };
  assert.deepEqual(
    [1, 2, 3, 4, 1_000].map((nth) => backoffMs(backoff, nth)),
    [50, 200, 800, 1_000, 1_000],
  );
  assert.equal(backoffMs({ firstMs: 0, factor: 2, waitMsMax: 1_000 }, 100_000), 0);
});

test("an exit of an unknown child is a bug", () => {
  assert.throws(
    () => supervise(spec("one_for_one", 1), children("permanent"), [], { child: "z", kind: "normal" }, 0),
    Bug,
  );
});
