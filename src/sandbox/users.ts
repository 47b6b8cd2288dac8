/**
 * Users of their own for jailed processes, where we are root: then even a file that a mistake left open to its owner is
 * nobody's. The range is one that neither distributions nor systemd give to anyone; whether it is there at all (in a
 * container it may not be) is read from the user namespace.
 */
import { readFileSync } from "node:fs";
import process from "node:process";

const firstUser = 0x7000_0000;
const usersMax = 0x1_0000;

/** The user of the process with this number; undefined where it must share ours. */
export const userOf = (number: number): number | undefined =>
  hasOwnUsers() ? firstUser + (number % usersMax) : undefined;

let known: boolean | undefined;

export function hasOwnUsers(): boolean {
  known ??= process.getuid?.() === 0 && isMapped("/proc/self/uid_map") && isMapped("/proc/self/gid_map");
  return known;
}

/** Lines of: first number here, first number outside, count. */
function isMapped(file: string): boolean {
  try {
    return readFileSync(file, "utf8")
      .split("\n")
      .some((line) => {
        const [first = Number.NaN, , count = 0] = line.trim().split(/\s+/).map(Number);
        return first <= firstUser && firstUser + usersMax <= first + count;
      });
  } catch {
    return false;
  }
}
