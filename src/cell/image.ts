/** The guest image's files, read once at the start: after that the cell reads nothing. */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { imageFiles } from "../wire/index.ts";
import { makePreludeCache, type Prelude } from "./isolated-vm.ts";
import { script } from "./rehearsal.ts";

export function readPrelude(image: string): Prelude {
  const cache = join(image, imageFiles.preludeCache);
  return {
    code: readFileSync(join(image, imageFiles.prelude), "utf8"),
    cache: existsSync(cache) ? readFileSync(cache) : undefined,
  };
}

export const readParts = (image: string): Readonly<Record<string, string>> =>
  JSON.parse(readFileSync(join(image, imageFiles.parts), "utf8")) as Readonly<Record<string, string>>;

/** `cell.cjs gen`: writes the prelude's cached code beside it, under the flags of this very process. */
export async function writePreludeCache(image: string): Promise<void> {
  const code = readFileSync(join(image, imageFiles.prelude), "utf8");
  writeFileSync(join(image, imageFiles.preludeCache), await makePreludeCache(code, script()));
}
