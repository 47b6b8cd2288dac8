/**
 * The cell's process: `cell.cjs` to serve, `cell.cjs gen` to make the prelude's cached code. Starts in this order: tied to
 * its parent, image read, engine up, guests warm, socket taken over, locked, permissions dropped. Only then does it read what a
 * kernel sends, and no tenant's code runs before.
 */
import { createServer, Socket } from "node:net";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { descriptors, heartbeatMs, jailedArgument, lockFile } from "../wire/index.ts";
import { Cell } from "./cell.ts";
import { mapFlightRecord } from "./flight-memory.ts";
import { readParts, readPrelude, writePreludeCache } from "./image.ts";
import { makeEngine } from "./isolated-vm.ts";
import { dieWithParent, dropPermissions, lock } from "./lockdown.ts";

declare const __dirname: string;

const say = (line: string): void => {
  process.stderr.write(`cell: ${line}\n`);
};

/** At once: an orderly exit would wait for threads that a guest may hold. */
const die = (why: string): void => {
  say(why);
  try {
    process.kill(process.pid, "SIGKILL");
  } catch {
    // A jail that took another number for ours.
    process.abort();
  }
};

/** In a jail, whoever put us there has tied our life to init's, and expects us to lock ourselves. */
const jailed = process.argv[2] === jailedArgument;

function serve(): void {
  if (!jailed && !dieWithParent()) return die("my parent was gone before I began");
  const engine = makeEngine(readPrelude(__dirname));
  const flight = mapFlightRecord();
  const cell = new Cell(engine, { cores: availableParallelism(), parts: readParts(__dirname), flight, say, die });
  cell.warmUp();
  if (!engine.cacheAccepted) {
    say("V8 REJECTED THE PRELUDE'S CACHED CODE: every service costs more. Was the image made with other flags?");
  }
  const server = createServer((socket) => cell.accept(socket));
  server.on("error", (error) => die(`cannot listen: ${error.message}`));
  server.listen({ fd: descriptors.listener }, () => {
    if (jailed && !lock(join(__dirname, lockFile))) return die("the lock's filter was refused");
    const left = dropPermissions();
    if (left.length > 0) say(`permissions that could not be dropped: ${left.join(", ")}`);
    beat();
    void cell.rehearse();
  });
}

/** Proof that the event loop turns. The pipe's other end is our parent: when it is gone, so are we. */
function beat(): void {
  const pipe = new Socket({ fd: descriptors.heartbeat, readable: true, writable: true });
  const gone = (): void => die("my parent is gone");
  pipe.on("error", gone);
  pipe.on("close", gone);
  pipe.resume();
  const byte = Buffer.from([1]);
  const once = (): void => {
    // A parent that does not read must not cost memory.
    if (pipe.writableLength === 0) pipe.write(byte);
  };
  once();
  setInterval(once, heartbeatMs);
}

if (process.argv[2] === "gen") void writePreludeCache(__dirname);
else serve();
