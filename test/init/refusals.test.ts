import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import {
  chmodSync,
  chownSync,
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import net from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { test } from "node:test";
import { exitCodes } from "../../src/init/index.ts";
import { childrenOf, makeDataDir, makeDataDirPath, startInit, startTestInit, untilReady } from "./harness.ts";

test("a data directory that another Solo holds is refused, naming the process, and that Solo goes on", async (t) => {
  const dataDir = makeDataDirPath(t);
  const holder = startTestInit(t, dataDir);
  const { pid } = await untilReady(holder);
  const second = startTestInit(t, dataDir);
  assert.equal(await second.ended, exitCodes.DATA_DIR_LOCKED);
  assert.match(
    second.stderr(),
    new RegExp(`^solo: The data directory .* is in use by process ${pid}\\. Stop that Solo`),
  );
  assert.equal(second.stderr().trim().split("\n").length, 1);
  assert.ok(existsSync(join(dataDir, "run", "builder.sock")), "the holder's sockets are untouched");
});

test("a data directory in which others may write, or that is another user's, is refused, and nothing is put in it", async (t) => {
  const isRoot = process.geteuid?.() === 0;
  const spoilings: readonly (readonly [(dir: string) => void, RegExp])[] = [
    [(dir: string) => chmodSync(dir, 0o770), /others may write in it \(mode 0770\): run chmod go-w/],
    [(dir: string) => chmodSync(dir, 0o702), /others may write in it \(mode 0702\)/],
  ];
  const foreign = [
    (dir: string) => chownSync(dir, 4_711, 4_711),
    /belongs to user 4711, and Solo runs as user 0/,
  ] as const;
  for (const [spoil, says] of isRoot ? [...spoilings, foreign] : spoilings) {
    const dataDir = makeDataDir(t);
    spoil(dataDir);
    const init = startTestInit(t, dataDir);
    assert.equal(await init.ended, exitCodes.DATA_DIR_UNUSABLE);
    assert.match(init.stderr(), says);
    assert.deepEqual(readdirSync(dataDir), []);
  }
});

test("a symbolic link in place of a file of its own is refused, and what it points to stays as it is", async (t) => {
  for (const name of ["lock", "format.new", "cache", "log"]) {
    const [dataDir, elsewhere] = [makeDataDir(t), makeDataDir(t)];
    const target = join(elsewhere, "target");
    if (name === "cache" || name === "log") {
      writeFileSync(join(dataDir, "format"), "1\n");
      mkdirSync(target);
    } else writeFileSync(target, "precious");
    symlinkSync(target, join(dataDir, name));
    const init = startTestInit(t, dataDir);
    assert.equal(await init.ended, exitCodes.DATA_DIR_UNUSABLE, name);
    assert.deepEqual(readdirSync(elsewhere), ["target"]);
    if (name === "cache" || name === "log") assert.deepEqual(readdirSync(target), []);
    else assert.equal(readFileSync(target, "utf8"), "precious");
  }
});

test("a lock whose holder was killed is free", async (t) => {
  const dataDir = makeDataDirPath(t);
  const holder = startTestInit(t, dataDir);
  await untilReady(holder);
  holder.process.kill("SIGKILL");
  await holder.ended;
  const next = await untilReady(startTestInit(t, dataDir));
  assert.equal(next.kernelEpoch, 2, "epochs go on where they were");
});

test("a port in use is refused, and nothing is left behind", async (t) => {
  const other = net.createServer();
  await new Promise<void>((resolve) => other.listen(0, "127.0.0.1", resolve));
  t.after(() => other.close());
  const { port } = other.address() as net.AddressInfo;
  const dataDir = makeDataDirPath(t);
  const init = startTestInit(t, dataDir, ["--grpc", `127.0.0.1:${port}`]);
  assert.equal(await init.ended, exitCodes.PORT_IN_USE);
  assert.match(init.stderr(), new RegExp(`^solo: Something listens on 127\\.0\\.0\\.1:${port} already\\. .*--grpc`));
  assert.equal(existsSync(dataDir), false);
});

test("an address that is not this machine's is refused", async (t) => {
  const init = startTestInit(t, makeDataDirPath(t), ["--grpc", "192.0.2.1:50051"]);
  assert.equal(await init.ended, exitCodes.ADDRESS_UNUSABLE);
  assert.match(init.stderr(), /no such address/);
});

test("a data directory of a newer format is refused and not touched", async (t) => {
  const dataDir = makeDataDir(t);
  writeFileSync(join(dataDir, "format"), "7\n");
  const init = startTestInit(t, dataDir);
  assert.equal(await init.ended, exitCodes.DATA_DIR_NEWER);
  assert.match(init.stderr(), /has format 7; this Solo knows formats up to 1/);
  assert.deepEqual(readdirSync(dataDir).toSorted(), ["format", "lock"]);
});

test("a file in the place of the data directory is refused", async (t) => {
  const path = makeDataDirPath(t);
  writeFileSync(path, "");
  const init = startTestInit(t, path);
  assert.equal(await init.ended, exitCodes.DATA_DIR_UNUSABLE);
  assert.match(init.stderr(), /it is not a directory/);
});

test("a directory that holds other things is refused and not touched", async (t) => {
  const dataDir = makeDataDir(t);
  writeFileSync(join(dataDir, "thesis.txt"), "");
  const init = startTestInit(t, dataDir);
  assert.equal(await init.ended, exitCodes.DATA_DIR_UNUSABLE);
  assert.match(init.stderr(), /thesis\.txt.*not made by Solo/);
  assert.deepEqual(readdirSync(dataDir), ["thesis.txt"]);
});

test(
  "a directory that may not be written to is refused",
  {
    skip:
      process.getuid?.() === 0 && spawnSync("setpriv", ["--version"]).status !== 0 ? "root may write anywhere" : false,
  },
  (t) => {
    const folder = mkdtempSync(join(tmpdir(), "solo-init-"));
    t.after(() => rmSync(folder, { recursive: true, force: true }));
    mkdirSync(join(folder, "closed"), { mode: 0o500 });
    const entry = join(import.meta.dirname, "../../src/init/main.ts");
    const command = [process.execPath, entry, "--data-dir", join(folder, "closed", "data"), "--grpc", "127.0.0.1:0"];
    // Root without the capability to override permissions is like anybody else.
    const dropped = ["setpriv", "--bounding-set", "-all", "--inh-caps", "-all", ...command];
    const [program = "", ...args] = process.getuid?.() === 0 ? dropped : command;
    const { status, stderr } = spawnSync(program, args, { encoding: "utf8", timeout: 20_000 });
    assert.equal(status, exitCodes.DATA_DIR_UNUSABLE);
    assert.match(stderr, /permission denied/);
  },
);

test("a damaged epoch file is refused: an older kernel must never pass for a newer one", async (t) => {
  const dataDir = makeDataDir(t);
  writeFileSync(join(dataDir, "format"), "1\n");
  writeFileSync(join(dataDir, "epoch"), "twelve\n");
  const init = startTestInit(t, dataDir);
  assert.equal(await init.ended, exitCodes.DATA_DIR_UNUSABLE);
  assert.match(init.stderr(), /epoch is damaged/);
  assert.equal(existsSync(join(dataDir, "run")), false);
});

test("arguments that nobody knows are refused with the usage", async (t) => {
  const init = startInit(t, ["--frobnicate"]);
  assert.equal(await init.ended, exitCodes.INVALID_ARGUMENT);
  assert.match(init.stderr(), /usage: solo start/);
});

test("a kernel that refuses to start ends Solo with its last line, at once", async (t) => {
  const dataDir = makeDataDir(t);
  writeFileSync(join(dataDir, "format"), "1\n");
  writeFileSync(join(dataDir, "refuse-to-start"), "certificate certs/ca.pem cannot be read");
  const init = startTestInit(t, dataDir);
  assert.equal(await init.ended, exitCodes.START_REFUSED);
  assert.match(init.stderr(), /^solo: The kernel refused to start: certificate certs\/ca\.pem cannot be read/m);
  assert.equal(readFileSync(join(dataDir, "epoch"), "utf8"), "1\n", "it was not tried again");
});

test("descriptors that init inherited by accident reach no other process", async (t) => {
  const nothing = openSync("/dev/null", "r");
  t.after(() => closeSync(nothing));
  // 3 to 59 stay closed; 60 is past what libuv marks close-on-exec.
  const inherited = [...Array.from({ length: 57 }, () => "ignore" as const), nothing];
  const init = startTestInit(t, makeDataDirPath(t), [], inherited);
  const { pid } = await untilReady(init);
  for (const process of [pid, ...childrenOf(pid)]) {
    assert.equal(readdirSync(`/proc/${process}/fd`).includes("60"), false, `process ${process}`);
  }
});
