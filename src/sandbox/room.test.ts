import assert from "node:assert/strict";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import process from "node:process";
import { test, type TestContext } from "node:test";
import { roomOf, type RoomPlan } from "./room.ts";

const skip = process.platform === "linux" ? false : "rooms are for jails, and those are Linux's";
const plan: RoomPlan = {
  folder: "program",
  sources: [],
  texts: { "root/program/hello.txt": "hello", "beside.txt": "b" },
};
const daySeconds = 86_400;

function makeFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), "solo-room-test-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** A room that somebody used so long ago. */
function makeOld(into: string, number: number, ageSeconds: number): string {
  const name = number.toString(16).padStart(32, "0");
  mkdirSync(join(into, name, "root"), { recursive: true });
  const then = Date.now() / 1_000 - ageSeconds;
  utimesSync(join(into, name), then, then);
  return name;
}

test("a room is what was planned, Node and its libraries; the same plan gives the same room", { skip }, (t) => {
  const into = makeFolder(t);
  const { path, root } = roomOf(into, plan)();
  assert.equal(readFileSync(join(root, "program", "hello.txt"), "utf8"), "hello");
  assert.ok(existsSync(join(root, "bin", "node")) && existsSync(join(path, "beside.txt")));
  assert.equal(roomOf(into, plan)().path, path);
  assert.notEqual(roomOf(into, { ...plan, texts: {} })().path, path);
});

test("a room that somebody removed is made again when it is asked for", { skip }, (t) => {
  const provide = roomOf(makeFolder(t), plan);
  rmSync(provide().path, { recursive: true });
  assert.ok(existsSync(provide().root));
});

test(
  "rooms that nobody used for a week go, and of the others all but the sixteen that were used last",
  { skip },
  (t) => {
    const into = makeFolder(t);
    const stale = makeOld(into, 1, 8 * daySeconds);
    const recent = Array.from({ length: 20 }, (_, age) => makeOld(into, 100 + age, 60 * (age + 1)));
    writeForeign(into);
    const { path } = roomOf(into, plan)();
    const left = readdirSync(into);
    assert.ok(!left.includes(stale));
    assert.deepEqual(left.filter((name) => recent.includes(name)).toSorted(), recent.slice(0, 15).toSorted());
    assert.ok(existsSync(path) && left.includes("foreign"), "what is no room is not touched");
  },
);

const writeForeign = (into: string): void => mkdirSync(join(into, "foreign"));

test(
  "a program may be executed in its room, whoever may where it comes from, and there nothing changes",
  { skip },
  (t) => {
    const into = makeFolder(t);
    const from = { plain: join(into, "plain"), executable: join(into, "executable") };
    writeFileSync(from.plain, "plain");
    writeFileSync(from.executable, "executable");
    chmodSync(from.plain, 0o644);
    chmodSync(from.executable, 0o755);
    const as = "programs";
    const sources = [from.plain, from.executable].map(
      (file) => ({ from: file, to: `program/${basename(file)}`, as }) as const,
    );
    const { root } = roomOf(join(into, "rooms"), { ...plan, sources })();
    const modeOf = (file: string): string => (statSync(file).mode & 0o777).toString(8);
    assert.deepEqual(
      [join(root, "program", "plain"), join(root, "program", "executable"), from.plain, from.executable].map(modeOf),
      ["755", "755", "644", "755"],
    );
  },
);

/** Where nothing of this disk can be linked to. */
const elsewhere = "/dev/shm";
const noElsewhere = !existsSync(elsewhere) || statSync(elsewhere).dev === statSync(tmpdir()).dev;

test(
  "in a room of copies, too, Linux may execute Node and its linker",
  { skip: skip || (noElsewhere && `${elsewhere} is no other disk`) },
  (t) => {
    const into = mkdtempSync(join(elsewhere, "solo-room-test-"));
    t.after(() => rmSync(into, { recursive: true, force: true }));
    const { root, libraries } = roomOf(into, plan)();
    const linkers = libraries.filter((path) => basename(path).startsWith("ld-"));
    for (const path of ["bin/node", ...linkers]) assert.equal(statSync(join(root, path)).mode & 0o005, 0o005, path);
    assert.equal(statSync(join(root, "bin/node")).nlink, 1);
  },
);

test("a folder in which others may write is refused: what is in a room runs", { skip }, (t) => {
  const into = makeFolder(t);
  chmodSync(into, 0o777);
  assert.throws(() => roomOf(into, plan), /others may write in .*: run chmod go-w on it/);
  assert.equal(statSync(into).mode & 0o777, 0o777);
});
