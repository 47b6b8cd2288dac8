/** The guest image's files, read once at the start: after that the cell reads nothing. */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type GuestConfiguration, imageFiles, toGuest } from "../wire/index.ts";
import { makePreludeCache, type Prelude, type Rehearsal } from "./isolated-vm.ts";

export function readPrelude(image: string): Prelude {
  const cache = join(image, imageFiles.preludeCache);
  return {
    code: readFileSync(join(image, imageFiles.prelude), "utf8"),
    cache: existsSync(cache) ? readFileSync(cache) : undefined,
  };
}

export const readParts = (image: string): Readonly<Record<string, string>> =>
  JSON.parse(readFileSync(join(image, imageFiles.parts), "utf8")) as Readonly<Record<string, string>>;

const rehearsed: GuestConfiguration = {
  service: "rehearsal",
  pid: "<0.1.1>",
  release: "",
  env: {},
  level: 2,
  processesMax: 1,
  mailboxLengthMax: 1,
};

/** A service that starts and answers a call: what every service does. What few do is left to be compiled when it is done. */
const rehearsal: Rehearsal = {
  code: `import { Service } from "solo:service";
    export default class Rehearsal extends Service { init() { return {}; } echo(n) { return n; } }`,
  turns: [
    [1, toGuest.init, JSON.stringify(rehearsed), undefined, undefined],
    [1, toGuest.call, "echo", "[1]", "client"],
  ],
};

/** `cell.cjs gen`: writes the prelude's cached code beside it, under the flags of this very process. */
export async function writePreludeCache(image: string): Promise<void> {
  const code = readFileSync(join(image, imageFiles.prelude), "utf8");
  writeFileSync(join(image, imageFiles.preludeCache), await makePreludeCache(code, rehearsal));
}
