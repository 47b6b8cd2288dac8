/** The first use of parser, transform and V8's modules takes 50–77 ms; done here, no deploy pays for it. */
import { type Compiled, compile } from "./compile.ts";
import { parseSourceMap } from "./source-map.ts";
import { traceStack } from "./trace.ts";

const file = "warm-up.ts";

const source = `import { Service } from "solo:service";
enum Mood { Calm, Busy = "busy" }
interface Item<T> { readonly id: string; value?: T }
export default class Warm extends Service<{ items: Map<string, Item<number>> }> {
  #seen = new Set<string>();
  constructor(private readonly mood: Mood = Mood.Calm) { super(); }
  init() { return { items: new Map() }; }
  async add({ id, value = 1 }: Item<number>, ...rest: readonly number[]): Promise<number> {
    for (const n of rest) { if (n > 1 && !this.#seen.has(id)) this.#seen.add(\`\${id}-\${n}\`); }
    try { return (value as number) + (rest[0] ?? 0); } catch (error: unknown) { throw new Error("no", { cause: error }); }
  }
  static of<T extends object>(this: new () => T): T { return new this(); }
  get mood2(): string { return /^[a-z]+$/u.test(String(this.mood)) ? "text" : "number"; }
}
`;

/** Returns what it made, which is what any compilation of this source gives. */
export function warmUp(): Compiled {
  const result = compile({ file, text: source }, "typescript");
  compile({ file, text: "const a = ;" }, "typescript");
  if (result.type === "compiled") {
    const map = parseSourceMap(result.map);
    if (map !== undefined) traceStack(`Error: warm\n    at Warm.add (${file}:20:3)`, file, map);
  }
  return result;
}
