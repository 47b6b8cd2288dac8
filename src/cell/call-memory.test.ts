import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { incarnationNumber, limits } from "../base/index.ts";
import type { CallFailure } from "../wire/index.ts";
import { CallMemory, type Outcome } from "./call-memory.ts";

const first = incarnationNumber(1);
const second = incarnationNumber(2);
const done: Outcome = { body: new Uint8Array([49]) };
const failure = (executed: CallFailure["executed"]): Outcome => ({
  failure: { code: "CALL_LOST", executed, message: "" },
});
const nobody = (): void => undefined;

/** A memory, its clock, and what it wants to do later. */
function world(clock = { ms: 1_000 }) {
  let later: { atMs: number; run: () => void }[] = [];
  const memory = new CallMemory({
    nowMs: () => clock.ms,
    after: (ms, run) => void later.push({ atMs: clock.ms + ms, run }),
  });
  const advance = (ms: number): void => {
    clock.ms += ms;
    const due = later.filter(({ atMs }) => atMs <= clock.ms);
    later = later.filter(({ atMs }) => atMs > clock.ms);
    for (const { run } of due) run();
  };
  return { memory, clock, advance, waiting: () => later.length };
}

test("a call that comes again while it is under way is answered with its one outcome, and so is everybody who asked", () => {
  const { memory } = world();
  const told: string[] = [];
  const asker =
    (name: string) =>
    (outcome: Outcome): void =>
      void told.push(`${name}: ${outcome.body?.join()}`);
  const end = memory.begin("a", asker("first"));
  assert.equal(memory.join("a", asker("again")), true);
  assert.equal(memory.join("b", nobody), false);
  assert.deepEqual(told, []);
  end(done);
  assert.equal(memory.join("a", asker("late")), true);
  assert.deepEqual(told, ["first: 49", "again: 49", "late: 49"]);
});

test("a call that was not executed may come again as if it never had; one that perhaps was, may not", () => {
  const { memory } = world();
  memory.begin("a", nobody)(failure("not_executed"));
  assert.equal(memory.join("a", nobody), false);
  memory.begin("a", nobody)(failure("unknown"));
  const told: Outcome[] = [];
  assert.equal(
    memory.join("a", (outcome) => void told.push(outcome)),
    true,
  );
  assert.deepEqual(told, [failure("unknown")]);
});

test("an answer is remembered for its time, and then not even a cell that rests keeps it", () => {
  const { memory, advance, clock, waiting } = world();
  const began = clock.ms;
  const end = memory.begin("a", nobody);
  advance(500);
  end(done);
  advance(limits.callRememberedMs - 1);
  assert.equal(memory.join("a", nobody), true);
  assert.equal(memory.doubt({ sinceMs: began, lives: [], begin: true }), undefined);
  advance(1);
  assert.equal(memory.join("a", nobody), false);
  assert.equal(waiting(), 0, "nothing is left to do");
  assert.notEqual(memory.doubt({ sinceMs: began, lives: [], begin: true }), undefined, "it may be the forgotten one");
  assert.equal(memory.doubt({ sinceMs: began + 1, lives: [], begin: true }), undefined, "it was sent after that came");
});

test("so many answers are remembered, and so many bytes of them: the oldest are forgotten first", () => {
  const { memory, clock } = world();
  for (let n = 0; n <= limits.callsRememberedMax; n++) {
    clock.ms += 0.001;
    memory.begin(`call ${n}`, nobody)(done);
  }
  assert.equal(memory.join("call 0", nobody), false);
  assert.equal(memory.join("call 1", nobody), true);
  const large: Outcome = { body: new Uint8Array(limits.callBytesRememberedMax / 4) };
  for (let n = 0; n < 4; n++) memory.begin(`large ${n}`, nobody)(large);
  assert.equal(memory.join("call 1", nobody), false);
  assert.equal(memory.join("large 0", nobody), true);
  memory.begin("large 4", nobody)(large);
  assert.equal(memory.join("large 0", nobody), false);
  assert.equal(memory.join("large 1", nobody), true);
});

test("what is under way is not forgotten, however long it takes and however much is answered beside it", () => {
  const { memory, clock, advance } = world();
  const began = clock.ms;
  const end = memory.begin("slow", nobody);
  clock.ms += 1;
  for (let n = 0; n <= limits.callsRememberedMax; n++) memory.begin(`call ${n}`, nobody)(done);
  advance(10 * limits.callRememberedMs);
  assert.equal(memory.join("slow", nobody), true);
  end(done);
  assert.equal(memory.join("slow", nobody), true);
  assert.notEqual(memory.doubt({ sinceMs: began, lives: [], begin: true }), undefined);
});

test("of those who ask for one call again and again, the newest are answered", () => {
  const { memory } = world();
  const told: number[] = [];
  const end = memory.begin("a", () => void told.push(0));
  for (let n = 1; n <= limits.callAskersMax; n++) memory.join("a", () => void told.push(n));
  end(done);
  assert.equal(told.length, limits.callAskersMax);
  assert.equal(told[0], 1);
  assert.equal(told.at(-1), limits.callAskersMax);
});

test("a call is begun late only in lives that run, and did so before it was first sent", () => {
  const { memory, clock } = world();
  memory.started(first);
  clock.ms += 10;
  memory.started(second);
  clock.ms += 10;
  const doubt = (sinceMs: number, lives = [first, second]): string | undefined =>
    memory.doubt({ sinceMs, lives, begin: true });
  assert.equal(doubt(1_011), undefined);
  assert.notEqual(doubt(1_010), undefined, "in the instant in which a life began it may have gone to the one before");
  assert.equal(doubt(1_010, [first]), undefined);
  memory.ended(second);
  assert.notEqual(doubt(1_011), undefined);
  assert.notEqual(doubt(1_011, [incarnationNumber(7)]), undefined, "it is not here");
});

test("whatever comes again and whatever is forgotten, no call is run twice", () => {
  const step = fc.oneof(
    // A client sends its call for the first time, or again; its bytes arrive, in any order and as often as it sent them.
    { weight: 5, arbitrary: fc.record({ do: fc.constant("send" as const), call: fc.nat({ max: 5 }) }) },
    { weight: 5, arbitrary: fc.record({ do: fc.constant("arrive" as const), which: fc.nat() }) },
    { weight: 3, arbitrary: fc.record({ do: fc.constant("end" as const), which: fc.nat(), ran: fc.boolean() }) },
    { weight: 3, arbitrary: fc.record({ do: fc.constant("wait" as const), ms: fc.integer({ min: 1, max: 12_000 }) }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant("restart" as const), moves: fc.boolean() }) },
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 100, size: "max" }), (steps) => {
      const clock = { ms: 1_000 };
      let [here, there] = [world(clock), world(clock)];
      let life = first;
      here.memory.started(life);
      const firstSent = new Map<number, number>();
      let onTheWay: { call: number; sinceMs: number | undefined }[] = [];
      let underWay: { call: number; end: (outcome: Outcome) => void }[] = [];
      const runs = new Map<number, number>();
      for (const one of steps) {
        clock.ms += 1;
        switch (one.do) {
          case "send": {
            const sinceMs = firstSent.get(one.call);
            // A kernel that is followed by another says nothing any more: its first sending arrives now or never.
            if (sinceMs !== undefined) onTheWay = onTheWay.filter((other) => other.sinceMs !== undefined);
            else firstSent.set(one.call, clock.ms);
            onTheWay.push({ call: one.call, sinceMs });
            break;
          }
          case "arrive": {
            const [sent] = onTheWay.splice(one.which % Math.max(1, onTheWay.length), 1);
            if (sent === undefined) break;
            const { call, sinceMs } = sent;
            const { memory } = here;
            if (memory.join(`${call}`, nobody)) break;
            if (sinceMs !== undefined && memory.doubt({ sinceMs, lives: [life], begin: true }) !== undefined) break;
            underWay.push({ call, end: memory.begin(`${call}`, nobody) });
            break;
          }
          case "end": {
            const [ended] = underWay.splice(one.which % Math.max(1, underWay.length), 1);
            if (ended === undefined) break;
            if (one.ran) runs.set(ended.call, (runs.get(ended.call) ?? 0) + 1);
            ended.end(one.ran ? done : failure("not_executed"));
            break;
          }
          case "wait":
            here.advance(one.ms);
            there.advance(0);
            break;
          case "restart":
            for (const { call, end } of underWay) {
              runs.set(call, (runs.get(call) ?? 0) + 1);
              end(failure("unknown"));
            }
            underWay = [];
            here.memory.ended(life);
            if (one.moves) [here, there] = [there, here];
            life = incarnationNumber(life + 1);
            here.memory.started(life);
        }
        for (const [call, count] of runs) assert.equal(count, 1, `call ${call} ran ${count} times`);
      }
    }),
    { numRuns: 300 },
  );
});
