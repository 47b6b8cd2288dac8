/**
 * The kernels that are connected: none while one restarts, two during an upgrade. Epochs fence: once a newer kernel has
 * said hello, an older one may end what it has under way (its calls are still answered), and decides nothing any more.
 * Outcomes go to whoever asked; reports, logs and the guests' own calls go to the newest.
 */
import type { Socket } from "node:net";
import { type IncarnationNumber, type KernelEpoch, limits, type ServiceId } from "../base/index.ts";
import type { CellReport, CellToKernel, KernelToCell, Slots } from "../wire/index.ts";
import type { Call } from "./call.ts";
import { framesHeldMax, Held } from "./held.ts";
import { Link } from "./link.ts";
import { Reports } from "./reports.ts";

export type Order = Exclude<KernelToCell, { readonly type: "hello" | "acknowledge" | "answer" }>;

export interface KernelHandlers {
  /** What the cell holds, for a kernel that connects. */
  readonly welcome: () => CellToKernel & { readonly type: "welcome" };
  readonly order: (link: Link, order: Order, body: Uint8Array) => void;
  readonly say: (line: string) => void;
}

/** What only the newest kernel may order. */
const decisions: ReadonlySet<KernelToCell["type"]> = new Set(["adopt", "load", "stop", "throttle", "acknowledge"]);

interface Asked {
  readonly call: Call;
  readonly link: Link;
}

const textOf = new TextDecoder();
const bytesOf = new TextEncoder();
export const encodeText = (text: string | undefined): Uint8Array | undefined =>
  text === undefined ? undefined : bytesOf.encode(text);
export const decodeText = (bytes: Uint8Array): string => textOf.decode(bytes);
/** In the words in which a guest says it of what has too many characters: these are the bytes that they make. */
export const sayTooLarge = (what: string, bytes: number): string =>
  `${what} has ${bytes} bytes; the limit is ${limits.payloadBytesMax}`;

export class Kernels {
  readonly #on: KernelHandlers;
  readonly #links = new Set<Link>();
  #newest: Link | undefined;
  #epoch: KernelEpoch | undefined;
  readonly #reports = new Reports();
  readonly #held = new Held();
  readonly #asked = new Map<number, Asked>();
  #lastAsked = 0;

  constructor(on: KernelHandlers) {
    this.#on = on;
  }

  accept(socket: Socket): void {
    const link = new Link(socket, {
      frame: (from, header, body) => this.#frame(from, header, body),
      closed: (from) => this.#closed(from),
      broken: (why) => this.#on.say(`cut off a connection that broke the protocol: ${why}`),
    });
    this.#links.add(link);
  }

  #frame(link: Link, header: KernelToCell, body: Uint8Array): void {
    if (header.type === "hello") return this.#hello(link, header.epoch);
    if (link.epoch === undefined) return this.refuse(link, "it did not say hello");
    if (this.#epoch !== undefined && link.epoch < this.#epoch && decisions.has(header.type)) return this.#fence(link);
    switch (header.type) {
      case "acknowledge":
        return this.#reports.acknowledge(header.report);
      case "answer":
        return this.#answered(link, header, body);
      default:
        return this.#on.order(link, header, body);
    }
  }

  #hello(link: Link, epoch: KernelEpoch): void {
    if (this.#epoch !== undefined && epoch < this.#epoch) return this.#fence(link);
    this.#epoch = epoch;
    link.epoch = epoch;
    this.#newest = link;
    link.send(this.#welcome());
    for (const { number, report } of this.#reports.unacknowledged) link.send({ type: "report", number, report });
    const { frames, logs } = this.#held.drain();
    for (const log of logs) link.send(log);
    for (const { header, body, call } of frames) {
      if (call === undefined) link.send(header, body);
      else if (call.open) this.#ask(link, header, body, call);
    }
  }

  /** What ended while nobody heard it counts as held: a kernel that missed it would take it for lost without a reason. */
  #welcome(): CellToKernel {
    const welcome = this.#on.welcome();
    const ended = this.#reports.unacknowledged.flatMap(({ report }) => {
      if (report.type !== "ended") return [];
      const { service, instance, incarnation } = report;
      return [{ service, instance, incarnation, phase: "stopping" as const }];
    });
    return { ...welcome, incarnations: [...welcome.incarnations, ...ended] };
  }

  #fence(link: Link): void {
    if (this.#epoch !== undefined) link.send({ type: "fenced", current: this.#epoch });
    link.close();
    this.#closed(link);
  }

  /** A newer kernel has said hello since. */
  isOutdated({ epoch }: Link): boolean {
    return epoch !== undefined && this.#epoch !== undefined && epoch < this.#epoch;
  }

  /** Cuts off a peer that does what no kernel does. */
  refuse(link: Link, why: string): void {
    this.#on.say(`cut off a connection: ${why}`);
    link.close();
    this.#closed(link);
  }

  #closed(link: Link): void {
    if (!this.#links.delete(link)) return;
    for (const [id, { call, link: asked }] of this.#asked) {
      if (asked !== link) continue;
      this.#asked.delete(id);
      call.fail("CALL_LOST", "unknown", "the kernel restarted while the call was on its way");
    }
    if (this.#newest !== link) return;
    this.#newest = undefined;
    for (const other of this.#links) {
      if (other.epoch !== undefined && other.epoch >= (this.#newest?.epoch ?? 0)) this.#newest = other;
    }
  }

  // ── to the newest kernel

  report(report: CellReport): void {
    const numbered = this.#reports.add(report);
    this.#newest?.send({ type: "report", ...numbered });
  }

  log(header: CellToKernel & { readonly type: "log" }): void {
    if (this.#newest === undefined) this.#held.addLog(header);
    else this.#newest.send(header);
  }

  /** A guest's call to a service that is not here, or to one life of it. */
  call(
    target: {
      readonly caller: IncarnationNumber;
      readonly service: ServiceId;
      readonly incarnation?: IncarnationNumber;
      readonly slots?: Slots;
      readonly method: string;
      readonly timeoutMs: number;
    },
    chain: readonly IncarnationNumber[],
    args: string,
    call: Call,
  ): void {
    const header: CellToKernel = { type: "call", id: ++this.#lastAsked, ...target, chain };
    const body = bytesOf.encode(args);
    if (body.length > limits.payloadBytesMax) {
      return call.fail("TOO_LARGE", "not_executed", sayTooLarge("the list of arguments", body.length));
    }
    if (this.#newest !== undefined) this.#ask(this.#newest, header, body, call);
    else if (!this.#held.add({ header, body, call })) {
      call.fail("OVERLOADED", "not_executed", `${framesHeldMax} messages wait for a kernel`);
    }
  }

  #ask(link: Link, header: CellToKernel, body: Uint8Array, call: Call): void {
    if (header.type !== "call") return;
    call.give();
    this.#asked.set(header.id, { call, link });
    link.send(header, body);
  }

  /** Calls that were given up elsewhere are forgotten when their answer comes, or with the link. */
  #answered(link: Link, answer: KernelToCell & { readonly type: "answer" }, body: Uint8Array): void {
    const asked = this.#asked.get(answer.id);
    if (asked === undefined || asked.link !== link) return;
    this.#asked.delete(answer.id);
    const { failure } = answer;
    if (failure === undefined) asked.call.succeed(body.length === 0 ? undefined : decodeText(body), answer.slots);
    else asked.call.fail(failure.code, failure.executed, failure.message, failure.error);
  }

  /** A guest's message to a service that is not here. False: it was dropped. */
  post(header: CellToKernel & { readonly type: "cast" | "send" }, text: string): boolean {
    const body = bytesOf.encode(text);
    if (body.length > limits.payloadBytesMax) return false;
    if (this.#newest === undefined) return this.#held.add({ header, body });
    this.#newest.send(header, body);
    return true;
  }
}
