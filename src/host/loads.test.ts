import assert from "node:assert/strict";
import { test } from "node:test";
import {
  cellNumber,
  defined,
  eventId,
  incarnationNumber,
  kernelEpoch,
  parseServiceId,
  parseTenantId,
  resourceLimitsDefault,
} from "../base/index.ts";
import type { Release } from "../kernel/index.ts";
import { Cell, type Held } from "./cell.ts";
import { CellLink, type Welcome } from "./cell-link.ts";
import { Loads } from "./loads.ts";
import { Peer } from "./peer.testing.ts";

const tenant = defined(parseTenantId("acme"), "a tenant's name");
const service = defined(parseServiceId("some"), "a service's name");
const welcome: Welcome = { type: "welcome", incarnations: [] };

/** A cell that listens, and incarnations in it whose code has so many bytes. */
async function world(codeBytes: number) {
  const peer = await Peer.listen();
  const cell = new Cell(cellNumber(1));
  let [reading, mostReading, read] = [0, 0, 0];
  const loads = new Loads({
    artifact: async () => {
      mostReading = Math.max(mostReading, ++reading);
      await Promise.resolve();
      reading--;
      read++;
      return new Uint8Array(codeBytes);
    },
    endEarly: () => assert.fail("there is nothing wrong with them"),
  });
  const link: CellLink = new CellLink(
    { socket: peer.path, cell: cell.number, epoch: kernelEpoch(1) },
    { onWelcome: () => undefined, onMessage: () => undefined, onClosed: () => cell.lose() },
  );
  const place = (number: number): Promise<void> => {
    const incarnation = incarnationNumber(number);
    const held: Held = { service, instance: 1, incarnation, release: undefined, phase: "placed" };
    cell.held.set(incarnation, held);
    const release = { id: eventId(1), compiled: "", limits: resourceLimitsDefault } as unknown as Release;
    return loads.load(cell, held, { tenant, release, probation: false });
  };
  return {
    peer,
    cell,
    link,
    place,
    counts: () => ({ mostReading, read }),
    [Symbol.asyncDispose]: async () => {
      link[Symbol.dispose]();
      await peer[Symbol.asyncDispose]();
    },
  };
}

test("however much code a cell is given at once, it gets all of it as it reads, and little of it waits in the kernel", async () => {
  const codeBytes = 450_000;
  await using at = await world(codeBytes);
  const { cell, link, peer, place } = at;
  const count = 400;
  const loaded = Array.from({ length: count }, (_, n) => place(n + 1));
  cell.open(link, welcome);
  for (let n = 1; n <= count; n++) {
    const { header, body } = await peer.hear("load");
    assert.deepEqual([header["incarnation"], body.length], [n, codeBytes], "in the order in which they were placed");
  }
  await Promise.all(loaded);
  assert.equal(link.isClosed, false);
  assert.deepEqual(at.counts(), { mostReading: 8, read: count });
});

test("what waits for a cell that ends is not sent, and holds nothing up", async () => {
  await using at = await world(1_000_000);
  const { cell, link, peer, place } = at;
  cell.open(link, welcome);
  await peer.hear("hello");
  peer.readNothing();
  const loaded = Array.from({ length: 100 }, (_, n) => place(n + 1));
  peer.hangUp();
  await cell.gone;
  cell.held.clear();
  await Promise.all(loaded);
  assert.ok(at.counts().read < 100, "nobody reads the code of those that came last");
});
