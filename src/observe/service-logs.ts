/**
 * What services log: the newest lines of each in memory, all of them in rotating files, and whoever follows is told at
 * once. Keeps P6: lines, memory and files are bounded per service and per tenant, whatever a guest writes.
 */
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { limits, type ServiceId, type TenantId } from "../base/index.ts";
import { LineRing } from "./line-ring.ts";
import { LogBudget } from "./log-budget.ts";
import { LogFile } from "./log-file.ts";
import { parseLine, type ServiceLine } from "./service-line.ts";

export interface ServiceLogsSettings {
  /** The disk is nearly full: lines are kept in memory only. */
  readonly noRoom: () => boolean;
  readonly fileBytesPerTenantMax: number;
}

interface Whose {
  readonly tenant: TenantId;
  readonly service: ServiceId;
}

interface Book {
  /** The newest lines; absent until there is one or they are asked for, and when others needed the room. */
  ring: LineRing | undefined;
  /**
   * How many lines its file had been given when the ring began; `all`: those of before were read into it. Recording never
   * reads: a tenant that writes must not make the kernel wait for the disk.
   */
  since: number | "all";
  readonly file: LogFile;
  readonly followers: Set<(line: ServiceLine) => void>;
}

/** A tenant's books, the one that was used longest ago first. */
interface Shelf {
  readonly books: Map<ServiceId, Book>;
  readonly budget: LogBudget;
  /** Of all rings. */
  bytes: number;
}

const flushMs = 200;
const settingsDefault: ServiceLogsSettings = {
  noRoom: () => false,
  fileBytesPerTenantMax: limits.logFileBytesPerTenantMax,
};

export class ServiceLogs implements AsyncDisposable {
  readonly #folder: string;
  readonly #settings: ServiceLogsSettings;
  readonly #shelves = new Map<TenantId, Shelf>();
  readonly #dirty = new Map<LogFile, LogBudget>();
  #flushing: Promise<void> | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(folder: string, settings: Partial<ServiceLogsSettings> = {}) {
    this.#folder = folder;
    this.#settings = { ...settingsDefault, ...settings };
  }

  record(whose: Whose, line: ServiceLine): void {
    const shelf = this.#shelf(whose.tenant);
    const book = this.#book(shelf, whose);
    if (book.ring === undefined) book.since = book.file.added;
    const ring = (book.ring ??= emptyRing());
    shelf.bytes -= ring.bytes;
    ring.push(line);
    shelf.bytes += ring.bytes;
    book.file.add(JSON.stringify(line));
    this.#dirty.set(book.file, shelf.budget);
    this.#makeRoom(shelf, book, ring);
    this.#timer ??= setTimeout(() => void this.#flush(), flushMs).unref();
    for (const follower of book.followers) follower(line);
  }

  tail(whose: Whose, lines: number): readonly ServiceLine[] {
    const shelf = this.#shelf(whose.tenant);
    const book = this.#book(shelf, whose);
    const ring = this.#whole(shelf, book);
    this.#makeRoom(shelf, book, ring);
    return ring.newest(lines);
  }

  follow(whose: Whose, listener: (line: ServiceLine) => void): () => void {
    const { followers } = this.#book(this.#shelf(whose.tenant), whose);
    followers.add(listener);
    return () => void followers.delete(listener);
  }

  /** Bytes of a tenant's lines in memory, about. */
  memoryBytes(tenant: TenantId): number {
    return this.#shelves.get(tenant)?.bytes ?? 0;
  }

  /** Removes what a service logged that is forgotten. */
  async forgetService({ tenant, service }: Whose): Promise<void> {
    const shelf = this.#shelf(tenant);
    const { file, ring } = this.#book(shelf, { tenant, service });
    shelf.bytes -= ring?.bytes ?? 0;
    shelf.books.delete(service);
    this.#dirty.delete(file);
    await this.#flushing;
    await file.remove();
  }

  /** Removes what a deleted tenant's services logged. */
  async forget(tenant: TenantId): Promise<void> {
    for (const { file } of this.#shelves.get(tenant)?.books.values() ?? []) this.#dirty.delete(file);
    this.#shelves.delete(tenant);
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
      for (const [file, budget] of files) {
        if (this.#settings.noRoom()) file.drop();
        else await budget.spend(await file.flush());
      }
    })();
    await this.#flushing;
    this.#flushing = undefined;
    if (this.#dirty.size > 0) this.#timer ??= setTimeout(() => void this.#flush(), flushMs).unref();
  }

  /** What others have in their files is forgotten first; a tenant whose services all write at once keeps less of each. */
  #makeRoom(shelf: Shelf, own: Book, ring: LineRing): void {
    const bytesMax = limits.logRingBytesPerTenantMax;
    if (shelf.bytes <= bytesMax) return;
    for (const book of shelf.books.values()) {
      if (shelf.bytes <= bytesMax) return;
      if (book === own || book.ring === undefined || this.#dirty.has(book.file)) continue;
      shelf.bytes -= book.ring.bytes;
      book.ring = undefined;
      book.since = 0;
    }
    const others = shelf.bytes - ring.bytes;
    ring.shrink(Math.max(0, bytesMax - others));
    shelf.bytes = others + ring.bytes;
  }

  #shelf(tenant: TenantId): Shelf {
    const found = this.#shelves.get(tenant);
    if (found !== undefined) return found;
    const budget = new LogBudget(join(this.#folder, tenant), this.#settings.fileBytesPerTenantMax);
    const shelf = { books: new Map<ServiceId, Book>(), budget, bytes: 0 };
    this.#shelves.set(tenant, shelf);
    return shelf;
  }

  #book(shelf: Shelf, { tenant, service }: Whose): Book {
    const file = (): LogFile => new LogFile(join(this.#folder, tenant, `${service}.log`));
    const book = shelf.books.get(service) ?? { ring: undefined, since: 0, file: file(), followers: new Set() };
    shelf.books.delete(service);
    shelf.books.set(service, book);
    return book;
  }

  /** Its ring, with what its file has of before. */
  #whole(shelf: Shelf, book: Book): LineRing {
    const { ring: newest, since, file } = book;
    if (newest !== undefined && since === "all") return newest;
    const ring = emptyRing();
    const both = newest === undefined || since === "all" ? 0 : Math.max(0, file.written - since);
    const stored = file.reload();
    for (const json of stored.slice(0, Math.max(0, stored.length - both))) {
      const line = parseLine(json);
      if (line !== undefined) ring.push(line);
    }
    for (const line of newest?.newest(newest.length) ?? []) ring.push(line);
    shelf.bytes += ring.bytes - (newest?.bytes ?? 0);
    book.ring = ring;
    book.since = "all";
    return ring;
  }
}

const emptyRing = (): LineRing => new LineRing({ lines: limits.logRingLinesMax, bytes: limits.logRingBytesMax });
