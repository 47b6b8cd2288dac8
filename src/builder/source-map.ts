/** Source maps as `compile` gives them: version 3, one source. Parsed like anything that crossed a pipe. */
import { createHash } from "node:crypto";
import { TraceMap } from "@jridgewell/trace-mapping";
import { LRUCache } from "lru-cache";
import { isMisfit, limits, listOf, record, text, whole } from "../base/index.ts";

const mapShape = record({
  version: whole(3, 3),
  sources: listOf(text(256), 1),
  names: listOf(text(100_000), 1_000_000),
  mappings: text(limits.frameBytesMax),
});

export type SourceMap =
  | { readonly type: "mapped"; readonly map: TraceMap }
  /** JavaScript runs as it was written. */
  | { readonly type: "same" };

/** Decoding takes 4.6 ms for 100 KB of source; a service that crashes often does so with one map. */
const decoded = new LRUCache<string, SourceMap>({ max: 16 });

/** Undefined: these bytes are no such map. */
export function parseSourceMap(bytes: Uint8Array): SourceMap | undefined {
  const key = createHash("sha256").update(bytes).digest("base64");
  const known = decoded.get(key);
  if (known !== undefined) return known;
  const map = decode(bytes);
  if (map !== undefined) decoded.set(key, map);
  return map;
}

function decode(bytes: Uint8Array): SourceMap | undefined {
  try {
    const parsed = mapShape(JSON.parse(new TextDecoder().decode(bytes)));
    if (isMisfit(parsed)) return undefined;
    if (parsed.mappings === "") return { type: "same" };
    const { version: _version, ...rest } = parsed;
    return {
      type: "mapped",
      map: new TraceMap({ version: 3, sources: [...rest.sources], names: [...rest.names], mappings: rest.mappings }),
    };
  } catch {
    // Not JSON, or mappings that do not decode.
    return undefined;
  }
}
