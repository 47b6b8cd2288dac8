/**
 * Tables of numbers, written into the code that reads them: each isolate holds all of its code, and a table there costs some
 * hundred bytes for each of its names.
 */
import { dirname, sep } from "node:path";
import type { Plugin } from "rolldown";
import { limits } from "../base/index.ts";
import { asks, fromGuest, timerModes, toGuest } from "../wire/index.ts";

const tables: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  limits,
  asks,
  fromGuest,
  timerModes,
  toGuest,
};
const use = new RegExp(String.raw`(?<![\w.$])(${Object.keys(tables).join("|")})\.(\w+)`, "g");

/** For the sources beside and below `entry`: there each of these names means the table, and nothing else. */
export function constantsIn(entry: string): Plugin {
  const folder = `${dirname(entry)}${sep}`;
  return {
    name: "constants",
    transform: (code, id) =>
      id.startsWith(folder)
        ? code.replace(use, (whole, table: string, name: string) => String(tables[table]?.[name] ?? whole))
        : null,
  };
}
