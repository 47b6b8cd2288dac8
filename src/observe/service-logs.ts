/**
 * What services log: the newest lines of each in memory, all of them in rotating files, and whoever follows is told at
 * once. Keeps P6: lines, rings and files are bounded, whatever a guest writes.
 */
import { rm } from "node:fs/promises";
import { join } from "node:path";
import {
  incarnationNumber,
  type IncarnationNumber,
  isMisfit,
  limits,
  oneOf,
  record,
  type ServiceId,
  type TenantId,
  text,
  whole,
} from "../base/index.ts";
import { LogFile } from "./log-file.ts";
import { Ring } from "./ring.ts";

export interface ServiceLine {
  readonly atMs: number;
  readonly level: "ERROR" | "WARN" | "INFO" | "DEBUG";
  readonly text: string;
  readonly instance: number;
  readonly incarnation: IncarnationNumber;
  /** Lines that the rate limit dropped before this one. */
  readonly dropped: number;
}

interface Whose {
  readonly tenant: TenantId;
  readonly service: ServiceId;
}

interface Book {
  readonly ring: Ring<ServiceLine>;
  readonly file: LogFile;
  readonly followers: Set<(line: ServiceLine) => void>;
}

const flushMs = 200;

const storedShape = record({
  atMs: whole(0),
  level: oneOf("ERROR", "WARN", "INFO", "DEBUG"),
  text: text(limits.logLineBytesMax * 2),
  instance: whole(0),
  incarnation: whole(0),
  dropped: whole(0),
});

export class ServiceLogs implements AsyncDisposable {
  readonly #folder: string;
  readonly #books = new Map<TenantId, Map<ServiceId, Book>>();
  readonly #dirty = new Set<LogFile>();
  #flushing: Promise<void> | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(folder: string) {
    this.#folder = folder;
  }

  record(whose: Whose, line: ServiceLine): void {
    const book = this.#provide(whose);
    book.ring.push(line);
    book.file.add(JSON.stringify(line));
    this.#dirty.add(book.file);
    this.#timer ??= setTimeout(() => void this.#flush(), flushMs).unref();
    for (const follower of book.followers) follower(line);
  }

  tail(whose: Whose, lines: number): readonly ServiceLine[] {
    return this.#provide(whose).ring.newest(lines);
  }

  follow(whose: Whose, listener: (line: ServiceLine) => void): () => void {
    const { followers } = this.#provide(whose);
    followers.add(listener);
    return () => void followers.delete(listener);
  }

  /** Removes what a deleted tenant's services logged. */
  async forget(tenant: TenantId): Promise<void> {
    for (const { file } of this.#books.get(tenant)?.values() ?? []) this.#dirty.delete(file);
    this.#books.delete(tenant);
    await this.#flushing;
    await rm(join(this.#folder, tenant), { recursive: true, force: true });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearTimeout(this.#timer);
    await this.#flushing;
    await this.#flush();
  }

  async #flush(): Promise<void> {
    this.#timer = undefined;
    const files = [...this.#dirty];
    this.#dirty.clear();
    this.#flushing = (async () => {
      for (const file of files) await file.flush();
    })();
    await this.#flushing;
    this.#flushing = undefined;
    if (this.#dirty.size > 0) this.#timer ??= setTimeout(() => void this.#flush(), flushMs).unref();
  }

  #provide({ tenant, service }: Whose): Book {
    const own = this.#books.get(tenant) ?? new Map<ServiceId, Book>();
    this.#books.set(tenant, own);
    const found = own.get(service);
    if (found !== undefined) return found;
    const file = new LogFile(join(this.#folder, tenant, `${service}.log`));
    const ring = new Ring<ServiceLine>(limits.logRingLinesMax);
    for (const line of file.reload()) {
      const stored = parseStored(line);
      if (stored !== undefined) ring.push(stored);
    }
    const book = { ring, file, followers: new Set<(line: ServiceLine) => void>() };
    own.set(service, book);
    return book;
  }
}

function parseStored(line: string): ServiceLine | undefined {
  try {
    const stored = storedShape(JSON.parse(line));
    return isMisfit(stored) ? undefined : { ...stored, incarnation: incarnationNumber(stored.incarnation) };
  } catch {
    return undefined;
  }
}
