import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { limits } from "../base/index.ts";
import { type CallFailure, itemWidth, toGuest } from "../wire/index.ts";
import { Call } from "./call.ts";
import { type Message, nobody } from "./message.ts";
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

test("one turn brings so many messages, and so much text, and no more", () => {
  const post = new Post({ lengthMax: 1_000, charsMax: 1_000 });
  for (let n = 0; n < 300; n++) post.receive(message(1));
  const count = (): number => (post.gather(0, true).length - 1) / itemWidth;
  assert.equal(count(), limits.drainBatchMax);
  post.advance(2 * post.received);
  assert.equal(count(), 300 - limits.drainBatchMax);

  const large = new Post({ lengthMax: 1_000, charsMax: 4 * limits.payloadBytesMax });
  for (let n = 0; n < 3; n++) large.receive(message(limits.payloadBytesMax - 1));
  assert.equal((large.gather(0, true).length - 1) / itemWidth, 2, "what was begun below the bound is given whole");
});

// ── any order of what may happen to a mailbox

type Step =
  | {
      readonly do: "receive";
      readonly sender: number;
      readonly chars: number;
      readonly slots: number;
      readonly asks: boolean;
    }
  | { readonly do: "due"; readonly timer: number; readonly repeats: boolean }
  | { readonly do: "tick"; readonly timer: number }
  | { readonly do: "gather"; readonly takesMail: boolean }
  | { readonly do: "advance"; readonly by: number }
  | { readonly do: "claim"; readonly progress: unknown }
  | { readonly do: "answer" | "giveUp"; readonly which: number }
  | { readonly do: "forget" | "stop" };

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constant("receive" as const),
      sender: fc.nat(2),
      chars: fc.nat(12),
      slots: fc.nat(3),
      asks: fc.boolean(),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("due" as const), timer: fc.nat(1), repeats: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("tick" as const), timer: fc.nat(1) }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant("gather" as const), takesMail: fc.boolean() }) },
  { weight: 5, arbitrary: fc.record({ do: fc.constant("advance" as const), by: fc.nat(12) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("claim" as const), progress: fc.anything() }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constantFrom("answer", "giveUp"), which: fc.nat() }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant("forget" as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom("forget", "forget", "stop") }) },
);

interface Item {
  readonly kind: number;
  readonly a: unknown;
  readonly sender: number;
  readonly chars: number;
  readonly slots: string | undefined;
  readonly call: Call | undefined;
  /** How its call was answered, if it was. */
  readonly answers: (CallFailure | "a result")[];
  readonly accepted: boolean;
  readonly repeats: boolean;
  /** Of what was given to the guest. */
  number?: number;
}

/** A mailbox, and what must be true of it, said as plainly as it can be. */
class Model {
  readonly post: Post;
  readonly lengthMax: number;
  readonly charsMax: number;
  readonly all: Item[] = [];
  mail: Item[] = [];
  delivered: Item[] = [];
  ticks: number[] = [];
  received = 0;
  progress = 0;
  stopped = false;
  readonly #newest = new Map<number, number>();

  constructor(lengthMax: number, charsMax: number) {
    this.post = new Post({ lengthMax, charsMax });
    this.lengthMax = lengthMax;
    this.charsMax = charsMax;
  }

  get #held(): readonly Item[] {
    return [...this.delivered, ...this.mail];
  }

  get #chars(): number {
    return this.#held.reduce((sum, { chars }) => sum + chars, 0);
  }

  take(next: Step): void {
    switch (next.do) {
      case "receive":
        return this.#receive(next);
      case "due":
        // Its timers are gone with the mail.
        if (!this.stopped) this.#due(next);
        return;
      case "tick":
        this.post.tick(next.timer);
        if (!this.ticks.includes(next.timer)) this.ticks.push(next.timer);
        return;
      case "gather":
        return this.#gather(next.takesMail);
      case "advance":
        this.post.advance(this.progress + next.by);
        this.progress = Math.min(this.progress + next.by, 2 * this.received);
        return;
      case "claim": {
        const { progress } = next;
        this.post.advance(progress);
        if (typeof progress === "number" && progress > this.progress)
          this.progress = Math.min(progress, 2 * this.received);
        return;
      }
      case "answer":
        return this.#open(this.delivered, next.which)?.succeed("1");
      case "giveUp": {
        const given = this.delivered.some(({ call }) => call === this.#open(this.#held, next.which));
        return this.#open(this.#held, next.which)?.fail("CALL_TIMEOUT", given ? "unknown" : "not_executed", "1");
      }
      case "forget":
        this.post.forgetFinished();
        this.delivered = this.delivered.filter(({ number = 0 }) => number > Math.floor(this.progress / 2));
        return;
      case "stop":
        this.post.dropMail("it is stopping");
        this.mail = [];
        this.stopped = true;
        return;
    }
  }

  #open(items: readonly Item[], which: number): Call | undefined {
    const open = items.flatMap(({ call }) => (call?.open === true ? [call] : []));
    return open[which % Math.max(1, open.length)];
  }

  #receive({ sender, chars, slots, asks }: Extract<Step, { readonly do: "receive" }>): void {
    const answers: Item["answers"] = [];
    const call = asks ? new Call((_result, failure) => void answers.push(failure ?? "a result")) : undefined;
    const text = slots === 0 ? undefined : "s".repeat(slots);
    const all = chars + slots;
    const hasRoom = this.#held.length < this.lengthMax && (this.#chars === 0 || this.#chars + all <= this.charsMax);
    const id = this.all.length;
    const accepted = this.post.receive({
      ...message(chars, call),
      a: `${id}`,
      ...(text === undefined ? {} : { slots: text }),
    });
    assert.equal(accepted, hasRoom, "there is room, or there is none");
    const kind = asks ? toGuest.call : toGuest.send;
    const item = { kind, a: `${id}`, sender, chars: all, slots: text, call, answers, accepted, repeats: false };
    this.all.push(item);
    if (accepted) this.mail.push(item);
  }

  #due({ timer, repeats }: Extract<Step, { readonly do: "due" }>): void {
    const a = repeats ? timer : 100 + this.all.length;
    this.post.due(a, repeats);
    if (repeats && this.mail.some((item) => item.repeats && item.a === a)) return;
    const none = { slots: undefined, call: undefined, answers: [], accepted: true };
    const item = { kind: toGuest.due, a, sender: -1, chars: 0, repeats, ...none };
    this.all.push(item);
    this.mail.push(item);
  }

  #gather(takesMail: boolean): void {
    const [lane, ...given] = this.post.gather(0, takesMail);
    assert.equal(lane, 0);
    const expected: unknown[] = this.ticks.flatMap((timer) => [toGuest.tick, timer, undefined, undefined]);
    this.ticks = [];
    if (takesMail && this.progress === 2 * this.received) {
      for (let item = this.mail.shift(); item !== undefined; item = this.mail.shift()) {
        // Who gave up was told that it is not executed.
        if (item.call?.open === false) continue;
        item.number = ++this.received;
        this.delivered.push(item);
        const { kind, a, sender, chars, slots } = item;
        if (slots !== undefined) expected.push(toGuest.slots, slots, undefined, undefined);
        const body = kind === toGuest.due ? undefined : "x".repeat(chars - (slots?.length ?? 0));
        expected.push(kind, a, body, kind === toGuest.due ? undefined : "test");
        const place = this.all.indexOf(item);
        assert.ok(place > (this.#newest.get(sender) ?? -1), "of one sender, what came first is given first");
        this.#newest.set(sender, place);
      }
    }
    assert.deepEqual(given, expected);
  }

  /** After each step. */
  check(): void {
    const { post, mail, delivered, received, progress } = this;
    assert.deepEqual(
      { length: post.length, hasMail: post.hasMail, received: post.received, progress: post.progress },
      { length: mail.length + delivered.length, hasMail: mail.length > 0, received, progress },
    );
    const ofOthers = this.#held.filter(({ kind }) => kind !== toGuest.due);
    assert.ok(ofOthers.length <= this.lengthMax, "others have filled it beyond its length");
    const texts = this.#held.filter(({ chars }) => chars > 0);
    assert.ok(this.#chars <= this.charsMax || texts.length === 1, "others have filled it beyond its text");
    assert.ok(
      this.all.every(({ answers }) => answers.length <= 1),
      "a call is answered once",
    );
    for (const { number, a } of delivered) assert.equal(post.delivered(number ?? 0)?.a, a);
    assert.equal(post.delivered(received + 1), undefined);
  }

  /** Its incarnation ends: what up to this number may have been begun. */
  end(further: number): void {
    const least = Math.ceil(this.progress / 2);
    const begun = Math.min(this.received, least + further);
    this.post.dropAll(begun, "it ended");
    for (const { call, answers, accepted, number } of this.all) {
      if (call === undefined) continue;
      assert.equal(answers.length, accepted ? 1 : 0, "each call that was taken has one answer, and no other has any");
      const [answer] = answers;
      if (answer === undefined || answer === "a result" || answer.code !== "CALL_LOST") continue;
      const perhaps = number !== undefined && number <= begun;
      assert.equal(answer.executed, perhaps ? "unknown" : "not_executed");
    }
    assert.equal(this.post.length, 0);
  }
}

test("whatever happens to a mailbox: who sends is served in order, its bounds hold, each call is answered once and truly", () => {
  fc.assert(
    fc.property(
      fc.record({ lengthMax: fc.integer({ min: 1, max: 8 }), charsMax: fc.integer({ min: 1, max: 60 }) }),
      fc.array(step, { minLength: 20, maxLength: 120, size: "max" }),
      fc.nat(3),
      ({ lengthMax, charsMax }, steps, further) => {
        const model = new Model(lengthMax, charsMax);
        for (const next of steps) {
          model.take(next);
          model.check();
        }
        model.end(further);
      },
    ),
    { numRuns: 500 },
  );
});
