import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { fromGuest } from "../wire/index.ts";
import { Outbox } from "./outbox.ts";

type Push = readonly (string | number | undefined)[];

function listen(): { readonly pushes: Push[]; readonly outbox: Outbox } {
  const pushes: Push[] = [];
  const hear = (...fields: Push): number => pushes.push(fields) && 0;
  const cell = { pushNow: hear, pushLater: hear, ask: () => undefined, callNow: (): false => false };
  return { pushes, outbox: new Outbox(cell, () => 0) };
}

/** The engine loses the arguments of a callback if their number, in groups of seven bits, begins with this byte. */
const isLost = ({ length }: Push): boolean => length > 127 && (length & 0x7f) === 0x7f;

test("a push never has as many fields as the engine loses, and says no more or less for it", () => {
  const operations = fc.array(fc.constantFrom(1, 2, 3, 5, 6), { maxLength: 600 });
  fc.assert(
    fc.property(operations, fc.boolean(), (counts, inline) => {
      const { pushes, outbox } = listen();
      outbox.beginTurn(inline);
      const said: Push[number][] = [];
      for (const count of counts) {
        const op = 100 + count;
        if (count === 1) outbox.add1(op, 1);
        else if (count === 2) outbox.add2(op, 1, 2);
        else if (count === 3) outbox.add3(op, 1, 2, 3);
        else if (count === 5) outbox.add5(op, 1, 2, 3, 4, 5);
        else outbox.add6(op, 1, 2, 3, 4, 5, 6);
        said.push(op, ...Array.from({ length: count }, (_, index) => index + 1));
      }
      outbox.flush();
      assert.ok(!pushes.some(isLost));
      const heard = pushes.flatMap((push) => push.slice(1, push.at(-1) === fromGuest.nothing ? -1 : undefined));
      assert.deepEqual(heard, said);
    }),
  );
});

test("each number of fields up to the largest push is pushed as it is, but for those that the engine loses", () => {
  for (let fields = 0; fields <= 510; fields++) {
    const { pushes, outbox } = listen();
    outbox.beginTurn(true);
    const threes = fields % 2;
    for (let i = 0; i < threes; i++) outbox.add2(fromGuest.log, 1, "x");
    for (let i = 0; i < (fields - 3 * threes) / 2; i++) outbox.add1(fromGuest.clear, 1);
    outbox.flush();
    const [push = []] = pushes;
    const wanted = fields === 1 ? 4 : 1 + fields;
    const lost = [255, 383, 511].includes(wanted);
    assert.equal(push.length, lost ? wanted + 1 : wanted);
  }
});
