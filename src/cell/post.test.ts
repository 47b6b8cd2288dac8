import assert from "node:assert/strict";
import { test } from "node:test";
import { toGuest } from "../wire/index.ts";
import { Call } from "./call.ts";
import { type Message, nobody } from "./house.ts";
import { Post } from "./post.ts";

const message = (chars: number, call?: Call): Message => ({
  kind: call === undefined ? toGuest.send : toGuest.call,
  a: "m",
  b: "x".repeat(chars),
  c: "test",
  call,
  chain: nobody,
});

test("a mailbox refuses what would be one message too many", () => {
  const post = new Post({ lengthMax: 3, charsMax: 1_000 });
  assert.deepEqual(
    [1, 2, 3, 4].map(() => post.receive(message(1))),
    [true, true, true, false],
  );
  assert.equal(post.fill, "3 messages");
});

test("a mailbox refuses what would be too much text, but never a first message", () => {
  const post = new Post({ lengthMax: 100, charsMax: 2 * 1024 * 1024 });
  assert.equal(post.receive(message(3 * 1024 * 1024)), true);
  assert.equal(post.receive(message(1)), false);
  assert.equal(post.fill, "2 MiB of messages");
});

test("there is room again once messages are finished, dropped, or given up", () => {
  const post = new Post({ lengthMax: 100, charsMax: 10 });
  const receiveFive = (): readonly boolean[] => [1, 2, 3].map(() => post.receive(message(5)));
  assert.deepEqual(receiveFive(), [true, true, false]);
  post.gather(0, true);
  assert.equal(post.receive(message(5)), false, "what is being handled takes its room");
  post.advance(2);
  post.forgetFinished();
  assert.equal(post.receive(message(5)), true);
  post.advance(4);
  post.forgetFinished();
  post.dropMail("it is stopping");
  assert.deepEqual(receiveFive(), [true, true, false]);
  post.dropMail("it is stopping");
  const call = new Call(() => undefined);
  assert.equal(post.receive(message(10, call)), true);
  call.fail("CALL_TIMEOUT", "not_executed", "1");
  assert.deepEqual(post.gather(0, true), [0]);
  assert.deepEqual(receiveFive(), [true, true, false]);
});
