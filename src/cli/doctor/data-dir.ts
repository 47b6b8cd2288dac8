/** The data directory: whose it is, who may read it, how much room its disk has, and which layout it has. */
import { existsSync, readFileSync, statfsSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { limits } from "../../base/index.ts";
import { sayBytes } from "../output/say.ts";
import { causeOf, fail, type Finding, ok, warn } from "./finding.ts";

/** Warn long before changes are refused. */
const roomyBytes = 16 * limits.diskFreeBytesMin;

export function examineDataDir(path: string, nowMs: number): readonly Finding[] {
  try {
    if (!existsSync(path)) {
      return [
        warn("data directory", `${path} does not exist`, "solo start makes it."),
        examineRoom(nearestExisting(path)),
      ];
    }
    return [examineOwner(path), examineRoom(path), examineFormat(path), ...examineAge(path, nowMs)];
  } catch (error) {
    return [fail("data directory", causeOf(error), "Make it readable for the user that runs Solo.")];
  }
}

function examineOwner(path: string): Finding {
  const check = "data directory";
  const found = statSync(path);
  if (!found.isDirectory()) return fail(check, `${path} is not a directory`, "Name another one with --data-dir.");
  const uid = process.getuid?.();
  if (uid !== undefined && uid !== 0 && found.uid !== uid) {
    return fail(check, `${path} belongs to user ${found.uid}`, "Run solo as that user, or name another directory.");
  }
  const mode = found.mode & 0o777;
  if ((mode & 0o077) !== 0) {
    return fail(
      check,
      `${path} is open to others (mode ${mode.toString(8)})`,
      `It holds private keys: chmod 700 ${path}`,
    );
  }
  return ok(check, path);
}

function examineRoom(path: string): Finding {
  const { bavail, bsize } = statfsSync(path);
  const free = bavail * bsize;
  const says = `${sayBytes(free)} free`;
  if (free < limits.diskFreeBytesMin) {
    return fail("disk", says, `Free some: changes are refused under ${sayBytes(limits.diskFreeBytesMin)}.`);
  }
  return free < roomyBytes ? warn("disk", says, "Free some before it runs out.") : ok("disk", says);
}

function examineFormat(path: string): Finding {
  const file = join(path, "format");
  if (!existsSync(file)) {
    return warn("format", "not yet a data directory of Solo", "solo start makes it one, if it is empty.");
  }
  const text = readFileSync(file, "utf8").trim();
  return /^[0-9]{1,9}$/.test(text)
    ? ok("format", `layout ${text}`)
    : fail("format", `${file} is damaged`, "Restore the data directory from a backup.");
}

/** A directory from the future means that the clock went back. */
function examineAge(path: string, nowMs: number): readonly Finding[] {
  const newest = Math.max(
    ...[path, join(path, "epoch")].filter((each) => existsSync(each)).map((each) => statSync(each).mtimeMs),
  );
  return newest <= nowMs + 60_000
    ? []
    : [warn("clock", "the data directory was changed after now", "Set the clock. Solo's own time never goes back.")];
}

function nearestExisting(path: string): string {
  return existsSync(path) ? path : nearestExisting(dirname(path));
}
