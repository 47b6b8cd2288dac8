import assert from "node:assert/strict";
import { test } from "node:test";
import { fromSnapshot, toSnapshot } from "./snapshot.ts";
import { World } from "./world.ts";

const json = (value: unknown): unknown => JSON.parse(JSON.stringify(value));
const lively = (): World => {
  const world = World.of("t", "u");
  world.run("t", "runs", { instances: 2 });
  world.run("t", "waits");
  world.ended("t", world.alive("t", "waits"));
  world.run("u", "stops");
  world.kill("u", "stops");
  return world;
};

test("a snapshot is plain JSON and gives the state back, its index made again", () => {
  const { state } = lively();
  const snapshot = toSnapshot(state);
  assert.deepEqual(json(snapshot), snapshot);
  assert.deepEqual(fromSnapshot(json(snapshot)), state);
});

test("a snapshot of another version is left aside", () => {
  const snapshot = toSnapshot(lively().state);
  assert.equal(fromSnapshot(json({ ...snapshot, evolveVersion: snapshot.evolveVersion + 1 })), undefined);
});

test("a snapshot that does not fit is left aside", () => {
  const snapshot = toSnapshot(lively().state);
  for (const bad of [undefined, null, 7, [], {}, { ...snapshot, tenants: "t" }, { ...snapshot, instant: null }]) {
    assert.equal(fromSnapshot(bad), undefined);
  }
  const [tenant] = snapshot.tenants;
  assert.equal(fromSnapshot(json({ ...snapshot, tenants: [{ ...tenant, id: "no such name" }] })), undefined);
});
