/**
 * Artifacts: source, compiled code, source maps and environments, addressed by the hash of their bytes. They are kept in
 * the log's own file and travel in the same group commits as the events that refer to them: no fsync of their own, and no
 * moment in which a durable event names an artifact that is not there. (Three files with fsync and rename cost a deploy
 * milliseconds: bench/log.ts.)
 *
 * Keyed by tenant and hash: no tenant can tell by a hash what another holds, and a tenant's artifacts go with it.
 */
import { hash } from "node:crypto";
import { LRUCache } from "lru-cache";
import {
  type ArtifactHash,
  defined,
  limits,
  parseArtifactHash,
  parseTenantId,
  type Refusal,
  refuse,
  type TenantId,
} from "../base/index.ts";
import type { CommitQueue } from "./commit-queue.ts";
import type { ReaderLink } from "./reader-link.ts";

/** Above this, hashing would hold up the main thread. */
const hashHereBytesMax = 256 * 1024;

interface Shelf {
  readonly sizes: Map<string, number>;
  bytes: number;
  /** How many holds each has: maybe not yet named by any event. */
  readonly held: Map<string, number>;
}

/** What is put under it is spared until it is disposed: an event is about to name it. */
export interface ArtifactHold extends Disposable {
  readonly put: (bytes: Uint8Array) => Promise<ArtifactHash | Refusal>;
}

const keyOf = (tenant: string, artifact: string): string => `${tenant} ${artifact}`;

export class Artifacts {
  readonly #queue: CommitQueue;
  readonly #reader: ReaderLink;
  readonly #shelves = new Map<string, Shelf>();
  /** Queued, and not yet to be read from the file. Bounded with the commit queue. */
  readonly #pending = new Map<string, Uint8Array>();
  /** Asked of the reader: whoever wants the same waits for the same answer. */
  readonly #asked = new Map<string, Promise<Uint8Array | Refusal>>();
  readonly #cache = new LRUCache<string, Uint8Array>({
    maxSize: limits.artifactCacheBytesMax,
    sizeCalculation: (bytes) => bytes.length + 200,
  });

  constructor(queue: CommitQueue, reader: ReaderLink, stored: ReadonlyMap<string, Map<string, number>>) {
    this.#queue = queue;
    this.#reader = reader;
    for (const [tenant, sizes] of stored) {
      this.#shelves.set(tenant, {
        sizes,
        bytes: sizes.values().reduce((sum, size) => sum + size, 0),
        held: new Map(),
      });
    }
  }

  hold(tenant: TenantId): ArtifactHold {
    const held: { readonly shelf: Shelf; readonly name: string }[] = [];
    return {
      put: (bytes) =>
        this.#put(tenant, bytes, (shelf, name) => {
          held.push({ shelf, name });
          shelf.held.set(name, (shelf.held.get(name) ?? 0) + 1);
        }),
      [Symbol.dispose]: () => {
        for (const { shelf, name } of held.splice(0)) {
          const left = (shelf.held.get(name) ?? 1) - 1;
          if (left === 0) shelf.held.delete(name);
          else shelf.held.set(name, left);
        }
      },
    };
  }

  put(tenant: TenantId, bytes: Uint8Array): Promise<ArtifactHash | Refusal> {
    return this.#put(tenant, bytes, () => undefined);
  }

  /** `hold` is called in the moment in which the artifact is there. */
  async #put(
    tenant: TenantId,
    given: Uint8Array,
    hold: (shelf: Shelf, name: string) => void,
  ): Promise<ArtifactHash | Refusal> {
    if (given.length > limits.artifactBytesMax) {
      return refuse("TOO_LARGE", { what: "An artifact", size: given.length, limit: limits.artifactBytesMax });
    }
    const bytes = given.slice();
    const name = await hashOf(bytes);
    const shelf = this.#provideShelf(tenant);
    const full = shelf.sizes.has(name) ? undefined : this.#whyFull(shelf, bytes.length);
    if (full !== undefined) return full;
    hold(shelf, name);
    if (shelf.sizes.has(name)) return name;
    shelf.sizes.set(name, bytes.length);
    shelf.bytes += bytes.length;
    const key = keyOf(tenant, name);
    this.#pending.set(key, bytes);
    this.#cache.set(key, bytes);
    const entry = { type: "artifact", tenant, hash: name, bytes } as const;
    this.#queue.addLazily(entry, bytes.length).then(
      () => this.#pending.delete(key),
      // The log has failed: whoever waits for the event that names it hears so.
      () => undefined,
    );
    return name;
  }

  async get(tenant: TenantId, name: ArtifactHash): Promise<Uint8Array | Refusal> {
    const key = keyOf(tenant, name);
    const held = this.#pending.get(key) ?? this.#cache.get(key);
    if (held !== undefined) return held;
    const asked = this.#asked.get(key) ?? this.#ask(tenant, name).finally(() => this.#asked.delete(key));
    this.#asked.set(key, asked);
    return asked;
  }

  async #ask(tenant: TenantId, name: ArtifactHash): Promise<Uint8Array | Refusal> {
    const key = keyOf(tenant, name);
    let answer = await this.#reader.ask("artifact", { tenant, hash: name });
    // A reader that ended is replaced; a service shall not fail to start for it.
    if (typeof answer === "object" && "refused" in answer) {
      answer = await this.#reader.ask("artifact", { tenant, hash: name });
    }
    if (answer === "missing" || answer === "damaged") {
      return refuse("ARTIFACT_DAMAGED", { hash: name, problem: answer });
    }
    if ("refused" in answer) return answer;
    if (this.#shelves.get(tenant)?.sizes.has(name) === true) this.#cache.set(key, answer);
    return answer;
  }

  keep(tenant: TenantId, names: ReadonlySet<ArtifactHash>): void {
    const shelf = this.#shelves.get(tenant);
    if (shelf === undefined) return;
    const kept = [...shelf.sizes.keys()].filter((name) => shelf.held.has(name) || has(names, name));
    if (kept.length < shelf.sizes.size) this.#reduce(tenant, shelf, kept);
    if (kept.length === 0 && shelf.held.size === 0) this.#shelves.delete(tenant);
  }

  get tenants(): readonly TenantId[] {
    return [...this.#shelves.keys()].map(parseTenantId).filter((tenant) => tenant !== undefined);
  }

  forget(tenant: TenantId): void {
    const shelf = this.#shelves.get(tenant);
    if (shelf !== undefined) this.#reduce(tenant, shelf, []);
    this.#shelves.delete(tenant);
  }

  #reduce(tenant: TenantId, shelf: Shelf, kept: readonly string[]): void {
    const remaining = new Set(kept);
    for (const [name, size] of shelf.sizes) {
      if (remaining.has(name)) continue;
      shelf.sizes.delete(name);
      shelf.bytes -= size;
      this.#pending.delete(keyOf(tenant, name));
      this.#cache.delete(keyOf(tenant, name));
    }
    this.#queue.add({ type: "keep_artifacts", tenant, hashes: kept }, 0);
  }

  #provideShelf(tenant: TenantId): Shelf {
    const shelf = this.#shelves.get(tenant) ?? { sizes: new Map(), bytes: 0, held: new Map() };
    this.#shelves.set(tenant, shelf);
    return shelf;
  }

  #whyFull(shelf: Shelf, more: number): Refusal | undefined {
    const { artifactsPerTenantMax, artifactBytesPerTenantMax, commitQueueBytesMax } = limits;
    if (shelf.sizes.size >= artifactsPerTenantMax) {
      return refuse("QUOTA_EXCEEDED", {
        what: "Artifacts",
        limit: artifactsPerTenantMax,
        wanted: shelf.sizes.size + 1,
      });
    }
    if (shelf.bytes + more > artifactBytesPerTenantMax) {
      const wanted = shelf.bytes + more;
      return refuse("QUOTA_EXCEEDED", { what: "Bytes of artifacts", limit: artifactBytesPerTenantMax, wanted });
    }
    if (!this.#queue.hasRoom(0, more))
      return refuse("OVERLOADED", { what: "The commit queue", limit: commitQueueBytesMax });
    return undefined;
  }
}

const has = (names: ReadonlySet<ArtifactHash>, name: string): boolean => {
  const parsed = parseArtifactHash(name);
  return parsed !== undefined && names.has(parsed);
};

async function hashOf(bytes: Uint8Array<ArrayBuffer>): Promise<ArtifactHash> {
  const hexText =
    bytes.length <= hashHereBytesMax
      ? hash("sha256", bytes)
      : Buffer.from(await crypto.subtle.digest("SHA-256", bytes)).toString("hex");
  return defined(parseArtifactHash(hexText), "a hash");
}
