/**
 * A builder that was taken over holds the socket at which it is reached, and may do with it what it likes before it ends: the
 * next builder is reached all the same.
 */
import assert from "node:assert/strict";
import { closeSync, readFileSync } from "node:fs";
import { dlopen } from "node:ffi";
import process from "node:process";
import { test } from "node:test";
import { filesOf } from "../e2e/processes.ts";
import { example, Solo, until } from "../e2e/solo.ts";
import { onlyLinux } from "./tiers.ts";

/** Of Linux, on every architecture. */
const numbers = { pidfd_open: 434n, pidfd_getfd: 438n } as const;
const listener = 3n;
const bothWays = 2n;

/** Does to the process's listening socket what the process could do: all copies of a descriptor are one socket. */
function shutDownSocketOf(pid: number): void {
  const { functions } = dlopen(null, {
    syscall: { arguments: ["int64", "int64", "int64", "int64"], return: "int64" },
    shutdown: { arguments: ["int32", "int32"], return: "int32" },
  });
  const handle = functions.syscall(numbers.pidfd_open, BigInt(pid), 0n, 0n);
  assert.ok(handle >= 0n, "the process is there");
  const taken = Number(functions.syscall(numbers.pidfd_getfd, handle, listener, 0n));
  closeSync(Number(handle));
  assert.ok(taken >= 0, "this test may look into its own processes");
  assert.equal(functions.shutdown(taken, Number(bothWays)), 0);
  closeSync(taken);
}

/** The sockets of an init that listen at a builder's path, by their number in the system. */
function listening(init: number): readonly string[] {
  const held = new Set(filesOf(init));
  return readFileSync("/proc/net/unix", "utf8")
    .split("\n")
    .filter((line) => line.endsWith(" builder.sock"))
    .map((line) => line.split(/ +/)[6] ?? "")
    .filter((socket) => held.has(`socket:[${socket}]`));
}

test("whatever a builder did to its socket, the next one is reached at a new one", { skip: onlyLinux }, async () => {
  // Whose socket it is, is init's affair, whatever the jail is.
  await using solo = await Solo.start({ args: ["--sandbox", "none"] });
  const tenant = await solo.client("default");
  const code = await example("counter");
  await tenant.deploy({ serviceId: "before", code });
  const [first] = listening(solo.initPid);
  assert.ok(first !== undefined, "the builder listens");

  const builder = solo.processes().find(({ role }) => role === "builder")?.pid ?? 0;
  shutDownSocketOf(builder);
  process.kill(builder, "SIGKILL");

  await until("a deployment by the next builder", () =>
    tenant.deploy({ serviceId: "after", code: Buffer.concat([code, Buffer.from("// another\n")]) }).then(
      () => true,
      () => false,
    ),
  );
  assert.ok(!listening(solo.initPid).includes(first), "the socket of the first is gone");
});
