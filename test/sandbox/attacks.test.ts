/**
 * Whoever breaks out of V8 is still in the jail. The attacks run as JavaScript in the main context of a process that was
 * started and locked as cells are: once as cells are (`dressed`), once without Node's permission model (`bare`), so that
 * the operating system alone has to hold.
 */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { chmodSync, chownSync, cpSync, existsSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { after, test } from "node:test";
import { promisify } from "node:util";
import { attacks, harmless, own } from "./fixtures/attacks.ts";
import { openTier, provideBrokenImage, startBroken } from "./jailed.ts";
import type { Attacked } from "./run-attacks.ts";
import { openTargets } from "./targets.ts";
import { onlyLinux, testedTiers } from "./tiers.ts";

const run = promisify(execFile);
const runner = join(import.meta.dirname, "run-attacks.ts");
const nobody = 65_534;
/** The filter's own answers. Any other is that of somebody who looked at the arguments. */
const [EPERM, ENOSYS] = [1, 38] as const;

const isRoot = process.getuid?.() === 0;
const place = mkdtempSync(join(tmpdir(), "solo-jail-"));
chmodSync(place, 0o755);
after(() => rmSync(place, { recursive: true, force: true }));
const image = onlyLinux === false ? await provideBrokenImage(join(place, "images")) : "";

/** Readable for whoever the test runs as next. */
function open(path: string): string {
  for (const folder of [join(place, "images"), path]) chmodSync(folder, 0o755);
  return path;
}

const users = [
  { user: "the user that runs this", uid: undefined, skip: false },
  { user: "an ordinary user", uid: nobody, skip: isRoot ? false : "only root can become another" },
] as const;

for (const { tier, skip } of testedTiers) {
  for (const { user, uid, skip: noUser } of users) {
    test(
      `${tier}, as ${user}: every attack from the main context fails, and nothing else does`,
      { skip: skip || noUser },
      async () => {
        const rooms = join(place, `rooms-${tier}-${uid ?? "own"}`);
        mkdirSync(rooms, { mode: 0o755 });
        if (uid !== undefined) chownSync(rooms, uid, uid);
        const args = ["--no-warnings", "--no-turboshaft-loop-unrolling", runner, tier, rooms, open(image)];
        const { stdout } = await run(process.execPath, args, {
          ...(uid === undefined ? {} : { uid, gid: uid }),
          timeout: 120_000,
        });
        const { came } = JSON.parse(stdout) as Attacked;
        assert.ok(came !== undefined, stdout);
        for (const dress of ["dressed", "bare"] as const) {
          const names = [...Object.keys(attacks), ...(dress === "dressed" ? Object.keys(own) : [])];
          for (const name of names) {
            const answer = came[dress][name];
            assert.ok(answer !== undefined, `${dress}: the cell was gone after: ${name}`);
            assert.equal(answer.done, false, `${dress}: ${name} succeeded: ${String(answer.said)}`);
          }
          for (const name of Object.keys(harmless)) {
            assert.equal(came[dress][name]?.done, true, `${dress}: ${name} failed: ${String(came[dress][name]?.said)}`);
          }
        }
      },
    );
  }

  test(`${tier}: a call that no cell makes ends the process with SIGSYS, at once`, { skip }, async () => {
    const rooms = join(place, `rooms-${tier}-alarms`);
    const sandbox = await openTier(tier, { rooms, image });
    assert.ok(typeof sandbox !== "string", JSON.stringify(sandbox));
    for (const name of ["ptrace", "mount", "unshare", "setns", "bpf", "process_vm_readv", "keyctl", "init_module"]) {
      await using cell = startBroken(sandbox, "bare");
      assert.equal(await cell.say(`syscall ${name}`), undefined, name);
      assert.match(await cell.ended, /^(SIGSYS|159)$/, name);
    }
  });

  test(`${tier}: bare calls for files, programs, sockets and other processes are refused`, { skip }, async () => {
    const rooms = join(place, `rooms-${tier}-calls`);
    const sandbox = await openTier(tier, { rooms, image });
    assert.ok(typeof sandbox !== "string", JSON.stringify(sandbox));
    await using cell = startBroken(sandbox, "bare");
    const calls =
      "openat newfstatat statx execve execveat socket connect bind socketpair kill tgkill tkill clone clone3 memfd_create " +
      "pidfd_open io_uring_setup openat2 seccomp setuid mkdirat unlinkat renameat2 landlock_restrict_self syslog";
    for (const name of calls.split(" ")) {
      const errno = (await cell.say(`syscall ${name}`))?.said;
      assert.ok(errno === EPERM || errno === ENOSYS, `${name}: errno ${String(errno)}`);
    }
    assert.deepEqual(await cell.say("syscall getppid"), { done: true, said: 0 });
  });
}

/** What changes or ends the cell that does it: done last, in this order. */
const drastic = [
  "go elsewhere",
  "overwrite its own program",
  "remove its own program",
  "become another user",
  "execve",
];

test("the control: without a jail all of these attacks succeed", { skip: onlyLinux }, async () => {
  await using opened = await openTargets();
  const { targets } = opened;
  const failingToo: Readonly<Record<string, string | undefined>> = {
    "connect over IPv6": targets.port6 === undefined ? "this machine has no ::1" : undefined,
    "signal the first process": isRoot ? undefined : "it is another user's",
    "become another user": isRoot ? undefined : "only root can",
  };
  // Some of them change it.
  const copy = join(place, "changed-image");
  cpSync(image, copy, { recursive: true });
  const sandbox = await openTier("none", { rooms: join(place, "rooms-none"), image: copy });
  assert.ok(typeof sandbox !== "string", JSON.stringify(sandbox));
  await using cell = startBroken(sandbox, "bare", targets);
  for (const name of [...Object.keys(attacks).filter((each) => !drastic.includes(each)), ...drastic]) {
    const answer = await cell.say(name);
    const why = failingToo[name];
    // Where another program takes its place there is nobody left to say so.
    const done = name === "execve" ? answer === undefined : answer?.done;
    assert.equal(done, why === undefined, `${name}: ${String(answer?.said)}; ${why ?? ""}`);
  }
});

test("rooms hold nothing but Node, its libraries and the image", { skip: onlyLinux }, async () => {
  const rooms = join(place, "rooms-content");
  const sandbox = await openTier("launcher", { rooms, image });
  assert.ok(typeof sandbox !== "string", JSON.stringify(sandbox));
  const { stdout } = await run("find", [rooms, "-path", "*/root/*", "-type", "f", "-printf", "%P\n"]);
  const files = stdout
    .trim()
    .split("\n")
    .map((path) => path.slice(path.indexOf("root/") + 5));
  const expected = /^(bin\/node|(usr\/)?lib(32|64)?\/.*\.so(\.\d+)*|(cell|canary)\/[a-z_.]+)$/;
  for (const file of files) assert.match(file, expected);
  assert.ok(files.includes("bin/node") && files.length < 40, files.join(" "));
  assert.ok(existsSync(rooms));
});
