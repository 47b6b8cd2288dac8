import assert from "node:assert/strict";
import { test } from "node:test";
import { isRefusal, refuse } from "../base/index.ts";
import { type Part, System, systemSupervision } from "./system.ts";

/** Parts that note what happens to them, over a clock that stands still until it is told. */
function world(
  names: readonly string[],
  starts: (name: string, nth: number) => "runs" | "refuses" | "throws" = () => "runs",
) {
  const told: string[] = [];
  const failers = new Map<string, (why: string) => void>();
  const counts = new Map<string, number>();
  const gaveUp = Promise.withResolvers<string>();
  let changed: () => void = () => undefined;
  const tell = (what: string): void => {
    told.push(what);
    changed();
  };
  const parts = names.map((name): Part => ({
    name,
    start: (failed) => {
      const nth = (counts.get(name) ?? 0) + 1;
      counts.set(name, nth);
      const how = starts(name, nth);
      if (how === "throws") return Promise.reject(new Error("no luck"));
      if (how === "refuses") return Promise.resolve(refuse("INTERNAL", { what: "no luck" }));
      failers.set(name, failed);
      tell(`start ${name}`);
      return Promise.resolve({
        stop: () => {
          tell(`stop ${name}`);
          return Promise.resolve();
        },
      });
    },
  }));
  const system = new System({
    parts,
    now: () => 0,
    after: (_ms, then) => {
      queueMicrotask(then);
      return () => undefined;
    },
    note: () => undefined,
    giveUp: gaveUp.resolve,
  });
  const until = async (length: number): Promise<readonly string[]> => {
    while (told.length < length) await new Promise<void>((resolve) => (changed = resolve));
    return told.splice(0);
  };
  const fail = (name: string): void => failers.get(name)?.("it broke");
  return { system, until, fail, gaveUp: gaveUp.promise };
}

test("parts start left to right and stop right to left", async () => {
  const { system, until } = world(["a", "b", "c"]);
  await system.start();
  await system.stop();
  assert.deepEqual(await until(6), ["start a", "start b", "start c", "stop c", "stop b", "stop a"]);
});

test("a part that fails takes those after it along, and not those before", async () => {
  const { system, until, fail } = world(["a", "b", "c"]);
  await system.start();
  await until(3);
  fail("b");
  assert.deepEqual(await until(4), ["stop c", "stop b", "start b", "start c"]);
  await system.stop();
});

test("a start that is refused stops what had started", async () => {
  const { system, until } = world(["a", "b"], (name) => (name === "b" ? "refuses" : "runs"));
  assert.ok(isRefusal(await system.start()));
  assert.deepEqual(await until(2), ["start a", "stop a"]);
});

test("a restart that throws or is refused is tried again within the budget", async () => {
  const { system, until, fail } = world(["a"], (_name, nth) => (nth === 2 ? "throws" : nth === 3 ? "refuses" : "runs"));
  await system.start();
  await until(1);
  fail("a");
  assert.deepEqual(await until(2), ["stop a", "start a"]);
  await system.stop();
});

test("a part that keeps failing makes the System give up", async () => {
  const { system, until, fail, gaveUp } = world(["a"]);
  await system.start();
  await until(1);
  for (let n = 0; n < systemSupervision.intensity.restartsMax; n++) {
    fail("a");
    await until(2);
  }
  fail("a");
  assert.match(await gaveUp, /a keeps failing/);
});
