/**
 * Processes within a service: each has a mailbox, a state and a supervisor, the process that spawned it.
 *
 *   spawn ──init──▶ running ──▶ ended ──supervise()──▶ forgotten · started afresh · its supervisor ends too
 *
 * At an orderly end of the service they end first, the last first.
 *
 * They share the isolate, and its limits, with the service; the service itself is their root, and when that must end, the
 * incarnation ends. Messages between them are copied as those between services are.
 */
import type { FamilyKit, FamilyPart } from "../family.ts";
import type { Kit } from "../parts.ts";
import type { Carrier, Reference } from "../reference.ts";
import { Child } from "./child.ts";
import type { Circle, Reason } from "./circle.ts";
import { Process } from "./kin.ts";

/** After this long the rest of the processes' mail waits for another turn of the service. */
const sliceMsMax = 4;

export function make(kit: Kit): FamilyPart {
  const family = kit.family();
  const byCarrier = new WeakMap<Carrier, Process>();
  const census = takeCensus(family);
  const circle: Circle = {
    family,
    get alive() {
      return census.alive;
    },
    count: census.count,
    last: 0,
    ending: false,
    byCarrier,
    byNumber: new Map(),
    find: (reference) => {
      const found = typeof reference === "object" && reference !== null ? meant(reference) : undefined;
      if (found !== undefined) return found;
      const problem = "it is no process of this service: only those are linked and monitored";
      throw new family.SoloError("INVALID_ARGUMENT", problem);
    },
    makeChild: (parent, Class, args, restart) => new Child(circle, parent, Class, args, restart),
    later: makeLater(family),
  };
  const root = new Root(circle);
  // By what it reaches, not as the object that it is: `with` makes others that reach the same.
  function meant(reference: object): Process | undefined {
    const { Reference } = family;
    if (!Reference.is(reference) || !(reference instanceof Reference)) return undefined;
    if (reference.carrier.local) return byCarrier.get(reference.carrier);
    return reference.slot === 0 ? root : undefined;
  }
  return {
    root,
    find: (number) => circle.byNumber.get(number)?.reference,
    end: (reason) => {
      circle.ending = true;
      return root.endChildren(reason);
    },
  };
}

function takeCensus({ soon, tellProcesses }: FamilyKit): { readonly alive: number; readonly count: Circle["count"] } {
  const census = { alive: 1, count };
  let told = 1;
  let telling = false;
  const tell = (): void => {
    telling = false;
    if (census.alive === told) return;
    told = census.alive;
    tellProcesses(told);
  };
  function count(change: 1 | -1): void {
    census.alive += change;
    if (telling) return;
    telling = true;
    void soon(tell);
  }
  return census;
}

function makeLater({ soon, timers }: FamilyKit): Circle["later"] {
  let sliceEnd = 0;
  return (work) => {
    const now = Date.now();
    if (now > sliceEnd + 1_000) sliceEnd = now + sliceMsMax;
    if (now <= sliceEnd) void soon(work);
    else {
      const inAnotherTurn = (): void => {
        sliceEnd = Date.now() + sliceMsMax;
        // Not on the timer's stack: what is called there is nobody's.
        void soon(work);
      };
      timers.set(false, inAnotherTurn, 1, []);
    }
  };
}

/** The service itself. */
class Root extends Process {
  readonly name: string;
  readonly number = 0;
  readonly reference: Reference;
  readonly Class: object;
  readonly ended = undefined;
  readonly #circle: Circle;
  readonly #family: FamilyKit;

  constructor(circle: Circle) {
    super(circle);
    this.#circle = circle;
    this.#family = circle.family;
    this.reference = this.#family.footing.self;
    this.name = this.reference.name;
    this.Class = this.#family.rootClass;
  }

  get cause(): number {
    return this.#family.cause();
  }

  hold(reference: Reference): Reference {
    return reference.origin;
  }

  exit(reason: Reason): void {
    const { SoloError } = this.#family;
    this.#circle.ending = true;
    this.#family.crash(reason.type === "crashed" ? reason.error : new SoloError("CALL_LOST", "a process ended"));
  }

  stopSelf(): void {
    throw new this.#family.SoloError("INVALID_ARGUMENT", "a process within a service stops itself, not the service");
  }

  tell(message: unknown): void {
    if (this.#circle.ending) return;
    try {
      this.reference.send(message);
    } catch (error) {
      this.#family.footing.log.error("the service was not told of the end of a process:", error);
    }
  }
}
