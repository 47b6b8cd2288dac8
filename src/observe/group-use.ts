/** What a control group uses, and may use, of what is counted for it. What it does not say is no number. */
import { readFile } from "node:fs/promises";
import type { OwnGroup } from "./own-groups.ts";
import type { Gauge } from "./pressure.ts";

/** A group without a limit says "max": that is no number. */
const numberIn = async (folder: string, file: string): Promise<number> => {
  const text = await textOf(`${folder}/${file}`);
  return text === "" ? Number.NaN : Number(text);
};

/** Processes and threads, together. */
export async function tasksOf({ folder }: OwnGroup): Promise<Gauge> {
  const [used, limit] = await Promise.all([numberIn(folder, "pids.current"), numberIn(folder, "pids.max")]);
  return { what: "processes", used, limit };
}

/** Pages of files that nobody looked at lately are given back before anything is refused: they do not count. */
export async function memoryOf({ version, folder }: OwnGroup): Promise<Gauge> {
  const [used, limit, stat] = await Promise.all([
    numberIn(folder, version === 2 ? "memory.current" : "memory.usage_in_bytes"),
    numberIn(folder, version === 2 ? "memory.max" : "memory.limit_in_bytes"),
    textOf(`${folder}/memory.stat`),
  ]);
  const idle = new RegExp(`^${version === 2 ? "" : "total_"}inactive_file (\\d+)$`, "m").exec(stat)?.[1];
  return { what: "memory", used: Math.max(0, used - Number(idle ?? 0)), limit };
}

/** Empty if it cannot be read. */
export const textOf = (path: string): Promise<string> =>
  readFile(path, "utf8").then(
    (text) => text.trim(),
    () => "",
  );
