/** Tells init that the event loop turns: a byte into a pipe now and then. When nobody holds the other end, init is gone. */
import { writeSync } from "node:fs";
import process from "node:process";
import { descriptors, heartbeatMs } from "../wire/index.ts";

export function beat(): void {
  setInterval(() => {
    try {
      writeSync(descriptors.heartbeat, ".");
    } catch (error) {
      // A full pipe: init is busy and has enough to read.
      if (!(error instanceof Error && "code" in error && error.code === "EAGAIN")) process.exit(1);
    }
  }, heartbeatMs);
}
