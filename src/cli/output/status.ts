/** A service's status, coloured by what it means: the same everywhere. */
import { statusWord, type StatusWord } from "../../api/index.ts";
import type { Paint } from "./paint.ts";

const colours: Readonly<Record<StatusWord | "UNKNOWN", keyof Paint>> = {
  DEPLOYING: "blue",
  RUNNING: "green",
  STOPPING: "yellow",
  STOPPED: "dim",
  ERROR: "red",
  UNKNOWN: "red",
};

export function paintStatus(status: number, paint: Paint): string {
  const word = statusWord(status);
  return paint[colours[word]](word);
}

const levels: Readonly<Record<string, keyof Paint>> = { ERROR: "red", WARN: "yellow", INFO: "cyan", DEBUG: "dim" };

export const paintLevel = (level: string, paint: Paint): string =>
  paint[levels[level] ?? "bold"](level.slice(0, 5).padEnd(5));
