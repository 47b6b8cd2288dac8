/** A Solo that cannot start says in one line why and what to do, exits with a code of its own, and harms nothing. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { DatabaseSync } from "node:sqlite";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { exitCodes } from "../../src/init/index.ts";
import { roomsOfTests } from "../rooms.ts";
import { isRunning, untilStatus } from "./asking.ts";
import { call, example, processesIn, Solo } from "./solo.ts";

const initEntry = fileURLToPath(new URL("../../src/init/main.ts", import.meta.url));

let solo: Solo;

/** One that ran, has a service, and was stopped: what is damaged in it is mended again by each test. */
before(async () => {
  solo = await Solo.start();
  const tenant = await solo.client("default");
  await tenant.deploy({ serviceId: "counter", code: await example("counter") });
  assert.equal(await solo.stop(), 0);
});
after(() => solo[Symbol.asyncDispose]());

interface Refused {
  readonly code: number | null;
  /** What it said of itself, apart from Node's own warnings. */
  readonly said: string;
}

async function startRefused(dataDir: string, args: readonly string[] = []): Promise<Refused> {
  const before = processesIn(dataDir);
  const init = spawn(process.execPath, [initEntry, "--data-dir", dataDir, "--grpc", "127.0.0.1:0", "--json", ...args], {
    stdio: ["ignore", "ignore", "pipe"],
    env: { ...process.env, SOLO_ROOMS_DIR: roomsOfTests() },
  });
  const late = setTimeout(() => init.kill("SIGKILL"), 60_000);
  let text = "";
  init.stderr.setEncoding("utf8").on("data", (chunk: string) => (text += chunk));
  const [code] = (await once(init, "close")) as [number | null];
  clearTimeout(late);
  const said = text.split("\n").filter((line) => line.startsWith("solo: "));
  if (before.length === 0) assert.deepEqual(processesIn(dataDir), [], "nothing of it runs on");
  return { code, said: said.join("\n") };
}

/** Changes a file for as long as `whileSo` takes. */
async function changed(file: string, change: (file: string) => void, whileSo: () => Promise<void>): Promise<void> {
  const kept = `${file}.kept`;
  const { mode } = statSync(file);
  copyFileSync(file, kept);
  try {
    change(file);
    await whileSo();
  } finally {
    copyFileSync(kept, file);
    chmodSync(file, mode & 0o777);
    rmSync(kept);
  }
}

test("a port in use is refused, and a first start leaves nothing behind", async () => {
  const other = createServer();
  await new Promise<void>((resolve) => other.listen(0, "127.0.0.1", resolve));
  const { port } = other.address() as AddressInfo;
  const dataDir = join(mkdtempSync(join(tmpdir(), "solo-e2e-")), "data");
  try {
    const { code, said } = await startRefused(dataDir, ["--grpc", `127.0.0.1:${port}`]);
    assert.equal(code, exitCodes.PORT_IN_USE);
    assert.match(said, new RegExp(`^solo: Something listens on 127\\.0\\.0\\.1:${port} already\\. .*--grpc`));
    assert.equal(existsSync(dataDir), false);
  } finally {
    other.close();
    rmSync(join(dataDir, ".."), { recursive: true, force: true });
  }
});

test("a data directory that another Solo holds is refused, and that Solo goes on", async () => {
  await using holder = await Solo.start();
  const tenant = await holder.client("default");
  await tenant.deploy({ serviceId: "counter", code: await example("counter") });
  const { code, said } = await startRefused(holder.dataDir);
  assert.equal(code, exitCodes.DATA_DIR_LOCKED);
  assert.match(said, new RegExp(`is in use by process ${holder.initPid}\\. Stop that Solo`));
  assert.equal(await call(tenant, "counter", "add", [1]), 1);
});

test("a data directory of a newer format is refused", async () => {
  await changed(
    join(solo.dataDir, "format"),
    (file) => writeFileSync(file, "99\n"),
    async () => {
      const { code, said } = await startRefused(solo.dataDir);
      assert.equal(code, exitCodes.DATA_DIR_NEWER);
      assert.match(said, /has format 99; this Solo knows formats up to 1\. Start it with the newer Solo/);
    },
  );
});

test("a log of a newer format is refused", async () => {
  const file = join(solo.dataDir, "log.sqlite");
  const setVersion = (version: number): void => {
    using database = new DatabaseSync(file);
    database.exec(`PRAGMA user_version = ${version}`);
  };
  setVersion(99);
  try {
    const { code, said } = await startRefused(solo.dataDir);
    assert.equal(code, exitCodes.START_REFUSED);
    assert.match(said, /written by a newer Solo \(format 99; this one knows 1\)/);
  } finally {
    setVersion(1);
  }
});

test("a log that is no database is refused, and named", async () => {
  await changed(
    join(solo.dataDir, "log.sqlite"),
    (file) => writeFileSync(file, "this is not a database, and long enough to be looked at as one".repeat(100)),
    async () => {
      const { code, said } = await startRefused(solo.dataDir);
      assert.equal(code, exitCodes.START_REFUSED);
      assert.match(said, /log\.sqlite is damaged/);
    },
  );
});

test("an unusable certificate or key is refused, naming the file and what to do", async () => {
  const certs = join(solo.dataDir, "certs");
  const cases: readonly (readonly [name: string, change: (file: string) => void, says: RegExp])[] = [
    [
      "server.key",
      (file) => chmodSync(file, 0o644),
      /server\.key cannot be used: others may read it \(mode 0644\)\. Run chmod 600/,
    ],
    ["ca.pem", (file) => writeFileSync(file, "damaged"), /ca\.pem cannot be used: it is not a PEM certificate/],
    ["ca.key", (file) => writeFileSync(file, "damaged"), /ca\.key cannot be used: it is not a PEM private key/],
    ["server.pem", (file) => rmSync(file), /server\.pem cannot be used: it is missing/],
    ["server.key", (file) => writeFileSync(file, readFileSync(join(certs, "admin.key"))), /it is not the key of/],
  ];
  for (const [name, change, says] of cases) {
    await changed(join(certs, name), change, async () => {
      const { code, said } = await startRefused(solo.dataDir);
      assert.equal(code, exitCodes.START_REFUSED, name);
      assert.match(said, says);
    });
  }
});

test("after all that was mended, it starts, and its service is back", async () => {
  await solo.startAgain();
  const tenant = await solo.client("default");
  await untilStatus(tenant, "counter", "runs again", isRunning);
  assert.equal(await call(tenant, "counter", "add", [1]), 1);
  const admin = await solo.client("admin");
  assert.equal((await admin.verifyLog({})).valid, true);
});
