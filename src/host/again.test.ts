import assert from "node:assert/strict";
import { test } from "node:test";
import { incarnationNumber } from "../base/index.ts";
import type { CallFailure, CallMark } from "../wire/index.ts";
import { callAgain } from "./again.ts";
import type { Answer } from "./cell-link.ts";

interface Link {
  readonly name: string;
  isClosed: boolean;
}
interface Target {
  readonly held: { readonly incarnation: ReturnType<typeof incarnationNumber> };
  readonly link: Link;
}

const request = { key: "call", sinceMs: 7 };
const linkOf = (name: string): Link => ({ name, isClosed: false });
const target = (life: number, link: Link): Target => ({ held: { incarnation: incarnationNumber(life) }, link });
const failed = (executed: CallFailure["executed"]): Answer => ({
  failure: { code: "CALL_LOST", executed, message: "" },
});
const neverCame = failed("not_executed");
const ran: Answer = { result: new Uint8Array([49]) };

/** Calls again; `answers` says what each cell has to say. */
function called(targets: readonly Target[], answers: Readonly<Record<string, Answer>>, instances = targets.length) {
  const asked: { readonly cell: string; readonly again: CallMark["again"] }[] = [];
  const told: Answer[] = [];
  const [chosen] = targets;
  assert.ok(chosen !== undefined);
  callAgain(
    {
      request,
      chosen,
      targets: () => targets,
      instances,
      ask: ({ link: { name } }, { key, again }, settle) => {
        assert.equal(key, request.key);
        asked.push({ cell: name, again });
        settle(answers[name] ?? neverCame);
      },
    },
    (answer) => void told.push(answer),
  );
  assert.equal(told.length, 1, "it is answered once");
  const [answer = neverCame] = told;
  return { asked, told: answer, executed: "failure" in answer ? answer.failure.executed : "executed" };
}

test("where all lives of a service are in one cell, that cell is asked, and may begin the call", () => {
  const a = linkOf("a");
  const { asked, told } = called([target(1, a), target(2, a)], { a: ran });
  assert.deepEqual(asked, [{ cell: "a", again: { sinceMs: 7, lives: [1, 2], begin: true } }]);
  assert.equal(told, ran);
});

test("a cell begins it only when no other knows of it", () => {
  const [a, b, c] = [linkOf("a"), linkOf("b"), linkOf("c")];
  const lives = [target(1, a), target(2, b), target(3, c), target(4, b)];
  const { asked, told } = called(lives, { a: ran });
  assert.deepEqual(asked, [
    { cell: "b", again: { sinceMs: 7, lives: [2, 4], begin: false } },
    { cell: "c", again: { sinceMs: 7, lives: [3], begin: false } },
    { cell: "a", again: { sinceMs: 7, lives: [1], begin: true } },
  ]);
  assert.equal(told, ran);
});

test("what another cell knows of it is its outcome, and nothing is begun", () => {
  const [a, b, c] = [linkOf("a"), linkOf("b"), linkOf("c")];
  for (const outcome of [ran, failed("executed")]) {
    const { asked, told } = called([target(1, a), target(2, b), target(3, c)], { b: outcome });
    assert.equal(told, outcome);
    assert.ok(asked.every(({ again }) => again?.begin === false));
  }
});

test("if a cell is not certain, or one is lost, the chosen one is asked for what it knows, and begins nothing", () => {
  const [a, b, c] = [linkOf("a"), linkOf("b"), linkOf("c")];
  const lives = [target(1, a), target(2, b), target(3, c)];
  const doubted = called(lives, { b: failed("unknown") });
  assert.equal(doubted.asked.at(-1)?.again?.begin, false);
  assert.equal(doubted.executed, "unknown");
  assert.equal(called(lives, { b: failed("unknown"), a: ran }).told, ran, "which may be the outcome");
  c.isClosed = true;
  const lost = called(lives, {});
  assert.equal(lost.asked.at(-1)?.again?.begin, false);
  assert.equal(lost.executed, "unknown");
});

test("a service that lacks an instance begins nothing again: the one that is gone may have been given it", () => {
  const a = linkOf("a");
  const { asked, executed } = called([target(1, a)], {}, 2);
  assert.deepEqual(asked, [{ cell: "a", again: { sinceMs: 7, lives: [1], begin: false } }]);
  assert.equal(executed, "unknown");
  assert.equal(called([target(1, a)], { a: ran }, 2).told, ran);
});

test("if a life ends, or comes, while the others are asked, nothing is begun", () => {
  for (const change of ["ends", "comes"] as const) {
    const [a, b] = [linkOf("a"), linkOf("b")];
    const [chosen, other] = [target(1, a), target(2, b)];
    let targets = [chosen, other];
    const begins: boolean[] = [];
    const told: Answer[] = [];
    callAgain(
      {
        request,
        chosen,
        targets: () => targets,
        instances: 2,
        ask: ({ link }, { again }, settle) => {
          begins.push(again?.begin === true);
          if (link === b) targets = change === "ends" ? [chosen] : [chosen, other, target(3, b)];
          settle(neverCame);
        },
      },
      (answer) => void told.push(answer),
    );
    assert.deepEqual(begins, [false, false]);
    assert.deepEqual(told, [
      {
        failure: {
          code: "CALL_LOST",
          executed: "unknown",
          message: "an instance that may have been given it has ended",
        },
      },
    ]);
  }
});
