/** Remembers compilations by what went in, least recently used first to go. A remembered result is the same bytes. */
import { createHash } from "node:crypto";
import { LRUCache } from "lru-cache";
import { type Compiled, compile, type Format } from "./compile.ts";
import type { Source } from "./diagnostics.ts";

const cacheBytesMax = 64 * 1024 * 1024;
/** What an entry costs besides its bytes. */
const entryBytes = 2 * 1024;

export class CompileCache {
  readonly #kept = new LRUCache<string, Compiled>({
    maxSize: cacheBytesMax,
    sizeCalculation: (result) =>
      result.type === "compiled"
        ? result.code.length + result.map.length + entryBytes
        : entryBytes + JSON.stringify(result.errors).length,
  });

  /** `scope` keeps tenants apart: nobody can tell from the time it takes what another compiled. */
  compile(scope: string, source: Source, format: Format): { readonly result: Compiled; readonly cached: boolean } {
    const key = createHash("sha256")
      .update(JSON.stringify([scope, format, source.file]))
      .update(source.text)
      .digest("base64");
    const kept = this.#kept.get(key);
    if (kept !== undefined) return { result: kept, cached: true };
    const result = compile(source, format);
    this.#kept.set(key, result);
    return { result, cached: false };
  }
}
