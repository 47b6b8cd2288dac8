/**
 * init: the first process of Solo, and the last.
 *
 *   init (this)            owns the lock of the data directory and the listening sockets; never restarted
 *   ├─ kernel              src/daemon  fd 3 IPC · fd 4 gRPC listener          restarted; safe mode if it keeps failing
 *   ├─ builder             src/builder fd 3 Unix listener · fd 4 heartbeat    restarted
 *   ├─ cell 1, 2, …        src/cell    fd 3 Unix listener · fd 4 heartbeat    never restarted: the kernel asks for others
 *   └─ (image)             src/builder, once at start, beside the kernel's boot
 *
 * All of them end when init does, however it ends. Order of a start: options, data directory (locked), sockets, then the
 * processes. Until the kernel runs, a refusal leaves nothing behind.
 */
import { rmSync } from "node:fs";
import process from "node:process";
import { isRefusal, type Refusal, refuse } from "../base/index.ts";
import { openLibc } from "../sandbox/index.ts";
import { sayRefusal } from "./announce.ts";
import { type DataDir, openDataDir } from "./data-dir.ts";
import { readLastEpoch } from "./epoch.ts";
import { exitCodeOf } from "./exit-codes.ts";
import { closeInheritedDescriptors } from "./inherited.ts";
import { Init } from "./init.ts";
import { listenTcp } from "./listen.ts";
import { type Options, parseOptions, usage } from "./options.ts";
import { probeSandbox } from "./sandbox-report.ts";

async function start(options: Options): Promise<Refusal | undefined> {
  const libc = openLibc();
  const dataDir = openDataDir(libc, options.dataDir, options.rooms);
  if (isRefusal(dataDir)) return dataDir;
  const lastEpoch = readLastEpoch(dataDir.epochFile);
  if (lastEpoch === undefined) {
    const why = `${dataDir.epochFile} is damaged`;
    return abandon(dataDir, refuse("DATA_DIR_UNUSABLE", { dataDir: dataDir.path, why }));
  }
  const grpc = listenTcp(libc, options.grpc);
  if (isRefusal(grpc)) return abandon(dataDir, grpc);

  // Unix sockets are named relative to here: their paths have room for 107 bytes.
  process.chdir(dataDir.run);
  // The launcher's cache, if there is one, serves every data directory; else each keeps its own.
  const compileCache = process.env["NODE_COMPILE_CACHE"] ?? dataDir.compileCache;
  using init = new Init({ options, libc, dataDir, grpc, lastEpoch, compileCache });
  for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"] as const) {
    process.on(signal, () => init.shutDown(signal, options.shutdownMsMax));
  }
  const end = await init.ended;
  grpc.socket[Symbol.dispose]();
  rmSync(dataDir.run, { recursive: true, force: true });
  dataDir[Symbol.dispose]();
  return end;
}

function abandon(dataDir: DataDir, refusal: Refusal): Refusal {
  rmSync(dataDir.made ? dataDir.path : dataDir.run, { recursive: true, force: true });
  dataDir[Symbol.dispose]();
  return refusal;
}

closeInheritedDescriptors();
// Whoever read what init says may have gone (a closed terminal, `| head`): that must not end what init keeps running.
for (const stream of [process.stdout, process.stderr]) stream.on("error", () => undefined);
const options = parseOptions(process.argv.slice(2), process.env);
if (!isRefusal(options) && options.probeSandbox) {
  process.stdout.write(await probeSandbox(options));
  process.exit(0);
}
const end = isRefusal(options) ? options : await start(options);
if (isRefusal(options)) process.stderr.write(usage);
if (end !== undefined) process.stderr.write(sayRefusal(end));
process.exit(end === undefined ? 0 : exitCodeOf(end.refused));
