/**
 * The law of references over two cells of one tenant, one of which may be hostile, beside another tenant with the same numbers
 * (P2): each guest holds what it was given by one that held it. A hostile cell can give away lives that its tenant has or had,
 * and no other: none of another tenant's, none of a service by another's name, none that is yet to begin.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { defined, incarnationNumber, isMisfit, limits, parseServiceId, parseTenantId } from "../../src/base/index.ts";
import { SlotTable } from "../../src/cell/slots.ts";
import { type Life, mayPass } from "../../src/host/slots.ts";
import { cellToKernelShape, kernelToCellShape, type Slots } from "../../src/wire/index.ts";

const own = defined(parseTenantId("own"), "tenant");
const serviceOf = (name: string) => defined(parseServiceId(name), "service");
const names = ["a", "b"] as const;
const hostileCell = 1;

interface Guest {
  readonly number: number;
  readonly service: string;
  readonly cell: number;
  readonly table: SlotTable;
  /** The model: lives that it may name. */
  readonly held: Set<number>;
  alive: boolean;
}

/** A tenant's lives, as a kernel's state has them, and what the cells keep of their guests. */
class World {
  readonly guests: Guest[] = [];

  begin(service: string, cell: number): void {
    const number = this.guests.length + 1;
    const table = new SlotTable({ service: serviceOf(service), incarnation: incarnationNumber(number) });
    this.guests.push({ number, service, cell, table, held: new Set([number]), alive: true });
  }

  find(number: number): Guest | undefined {
    return this.guests[number - 1];
  }

  life(service: string, number: number): Life {
    if (number > this.guests.length) return "unknown";
    const guest = this.find(number);
    if (guest?.alive !== true) return "ended";
    return guest.service === service ? "lives" : "unknown";
  }

  /** Through the kernel; undefined: it does not pass. What is read on each side is what was written as JSON on the other. */
  pass(slots: unknown): Slots | undefined {
    const said = cellToKernelShape(jsonOf({ type: "send", caller: 1, service: "a", slots }));
    if (isMisfit(said) || said.type !== "send") return undefined;
    if (!mayPass(own, said, (tenant, service, number) => (tenant === own ? this.life(service, number) : "unknown"))) {
      return undefined;
    }
    const told = kernelToCellShape(jsonOf({ type: "send", incarnation: 1, from: "x", slots: said.slots }));
    assert.ok(!isMisfit(told) && told.type === "send");
    return told.slots;
  }
}

const jsonOf = (value: unknown): unknown => JSON.parse(JSON.stringify(value));

const whom = fc.nat(29);
const anything = fc.oneof(fc.nat(9), fc.integer(), fc.constantFrom("a", "other", "#1", "no name", "", null, [1], {}));
const claim = fc.record(
  { service: fc.constantFrom("a", "b", "other", "no name"), incarnation: fc.oneof(fc.nat(20), fc.integer()) },
  { requiredKeys: ["service"] },
);
const step = fc.oneof(
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant("begin"), service: fc.constantFrom(...names), cell: fc.nat(1) }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("end"), whom }) },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant("send"), whom, to: whom, slots: fc.array(anything, { maxLength: 4 }) }),
  },
  // What a guest sends that knows its numbers.
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constant("send"),
      whom,
      to: whom,
      slots: fc.constantFrom([0], [0, "b"], [1], [0, 1], [1, 2, 3]),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant("forge"),
      to: whom,
      slots: fc.oneof(fc.array(claim, { maxLength: 3 }), fc.anything()),
    }),
  },
);

test("over two cells, one of them hostile, no sequence of operations yields a reference that was not given", () => {
  let passed = 0;
  fc.assert(
    fc.property(fc.array(step, { minLength: 20, maxLength: 80, size: "max" }), (steps) => {
      const world = new World();
      for (const [n, service] of ["a", "b", "a", "b"].entries()) world.begin(service, n % 2);
      const choose = (n: number): Guest => defined(world.guests[n % world.guests.length], "a guest");
      const give = (to: Guest, slots: Slots | undefined): void => {
        if (slots === undefined || !to.alive) return;
        assert.ok(to.table.present(slots) !== undefined);
        for (const { incarnation } of slots) if (incarnation !== undefined) to.held.add(Number(incarnation));
      };
      for (const one of steps) {
        switch (one.do) {
          case "begin":
            if (world.guests.length < 30) world.begin(one.service, one.cell);
            break;
          case "end":
            choose(one.whom).alive = false;
            break;
          case "send": {
            const from = choose(one.whom);
            const to = choose(one.to);
            const meant = from.alive ? from.table.translate(JSON.stringify(one.slots)) : undefined;
            if (meant === undefined) break;
            for (const { incarnation } of meant) {
              assert.ok(
                incarnation === undefined || from.held.has(Number(incarnation)),
                "a sender names what it holds",
              );
            }
            if (from.cell === to.cell) give(to, meant);
            else {
              const slots = world.pass(meant);
              assert.deepEqual(slots, meant, "what was given passes, whatever has become of it");
              give(to, slots);
              passed += meant.length;
            }
            break;
          }
          case "forge": {
            const to = choose(one.to);
            const slots = to.cell === hostileCell ? undefined : world.pass(one.slots);
            for (const { service, incarnation } of slots ?? []) {
              const meant = incarnation === undefined ? undefined : world.find(Number(incarnation));
              if (incarnation === undefined || Number(incarnation) === 0) continue;
              assert.ok(meant !== undefined, "no life that is yet to begin");
              assert.ok(!meant.alive || meant.service === service, "no life by another's name");
            }
            give(to, slots);
            break;
          }
        }
      }
      for (const { table, held } of world.guests) {
        for (let number = -1; number < 40; number++) {
          const incarnation = table.find(number)?.incarnation;
          if (incarnation !== undefined) assert.ok(held.has(Number(incarnation)));
        }
      }
    }),
    { numRuns: 300 },
  );
  assert.ok(passed > 500, `many were given across: ${passed}`);
});

test("as many references pass as a message may have, and not one more", () => {
  const world = new World();
  const many = (count: number) => Array.from({ length: count }, () => ({ service: "a" }));
  assert.equal(world.pass(many(limits.slotsMax))?.length, limits.slotsMax);
  assert.equal(world.pass(many(limits.slotsMax + 1)), undefined);
});
