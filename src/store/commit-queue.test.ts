import assert from "node:assert/strict";
import { test } from "node:test";
import { limits } from "../base/index.ts";
import { CommitQueue } from "./commit-queue.ts";
import type { Entry } from "./entries.ts";

const entry = (name: string): Entry => ({ type: "artifact", tenant: "a", hash: name, bytes: new Uint8Array() });
const namesOf = (lists: readonly (readonly Entry[])[]): readonly (readonly string[])[] =>
  lists.map((list) => list.map((one) => (one.type === "artifact" ? one.hash : one.type)));

test("one list is in flight; what queues meanwhile is the next one", async () => {
  const sent: (readonly Entry[])[] = [];
  const queue = new CommitQueue((entries) => sent.push(entries));
  queue.add(entry("1"), 0);
  queue.add(entry("2"), 0);
  const first = queue.whenAllDurable();
  await Promise.resolve();
  assert.deepEqual(namesOf(sent), [["1", "2"]]);
  queue.add(entry("3"), 0);
  await Promise.resolve();
  queue.add(entry("4"), 0);
  const second = queue.whenAllDurable();
  assert.deepEqual(namesOf(sent), [["1", "2"]]);
  queue.committed();
  await first;
  assert.deepEqual(namesOf(sent), [
    ["1", "2"],
    ["3", "4"],
  ]);
  queue.committed();
  await second;
  await queue.whenAllDurable();
});

test("what need not be durable by itself shares the fsync of what follows it, or goes when it is large", async () => {
  const sent: (readonly Entry[])[] = [];
  const queue = new CommitQueue((entries) => sent.push(entries));
  let settled = 0;
  const lazy = queue.addLazily(entry("1"), 10).then(() => (settled += 1));
  await Promise.resolve();
  assert.deepEqual(namesOf(sent), []);
  queue.add(entry("2"), 10);
  await Promise.resolve();
  assert.deepEqual(namesOf(sent), [["1", "2"]]);
  queue.committed();
  await lazy;
  assert.equal(settled, 1);
  void queue.addLazily(entry("3"), 2 * 1024 * 1024);
  await Promise.resolve();
  assert.deepEqual(namesOf(sent), [["1", "2"], ["3"]]);
  queue.committed();
  void queue.addLazily(entry("4"), 10);
  const all = queue.whenAllDurable();
  await Promise.resolve();
  assert.deepEqual(namesOf(sent), [["1", "2"], ["3"], ["4"]]);
  queue.committed();
  await all;
});

test("bytes that wait for the disk are bounded, in flight or not", async () => {
  const queue = new CommitQueue(() => undefined);
  queue.add(entry("1"), limits.commitQueueBytesMax - 10);
  await Promise.resolve();
  queue.add(entry("2"), 4);
  assert.ok(queue.hasRoom(1, 6));
  assert.ok(!queue.hasRoom(1, 7));
  queue.committed();
  assert.ok(queue.hasRoom(1, limits.commitQueueBytesMax - 4));
});

test("after a failure whoever waits, or comes to wait, is rejected, and nothing more is sent", async () => {
  const sent: (readonly Entry[])[] = [];
  const queue = new CommitQueue((entries) => sent.push(entries));
  queue.add(entry("1"), 0);
  const inFlight = queue.whenAllDurable();
  await Promise.resolve();
  queue.add(entry("2"), 0);
  const gathering = queue.whenAllDurable();
  queue.fail(new Error("the disk is gone"));
  queue.fail(new Error("again"));
  for (const waiting of [inFlight, gathering, queue.whenAllDurable(), queue.whenDurable(1)]) {
    await assert.rejects(waiting, { message: "the disk is gone" });
  }
  await Promise.resolve();
  assert.equal(sent.length, 1);
  assert.ok(!queue.hasRoom(0, 0));
  assert.throws(() => queue.add(entry("3"), 0), { name: "Bug" });
});
