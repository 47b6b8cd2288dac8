import { type Intensity, type RestartType, type Strategy, supervise } from "../../base/index.ts";
import type { FamilyKit } from "../family.ts";
import type { Holder, Reference } from "../reference.ts";
import type { Kin, Service } from "../service.ts";
import type { Child } from "./child.ts";
import { type Circle, type Reason, said, shutdown } from "./circle.ts";

/** What the service and the processes within it have in common: those they spawned, and those who watch them. */
export abstract class Process implements Holder, Kin {
  readonly #circle: Circle;
  readonly #family: FamilyKit;
  readonly children: Child[] = [];
  restarts: readonly number[] = [];
  readonly monitors = new Set<Process>();
  /** Those whose `monitors` it is among: it leaves them when its life ends. */
  readonly #watched = new Set<Process>();
  readonly links = new Set<Process>();
  abstract readonly name: string;
  abstract readonly number: number;
  abstract readonly reference: Reference;
  abstract readonly Class: object;
  /** Why it ended; undefined: it has not. */
  abstract readonly ended: Reason | undefined;
  abstract readonly cause: number;
  abstract hold(reference: Reference): Reference;
  /** It must end, for a fault that may be another's. */
  abstract exit(reason: Reason): void;
  /** A message of Solo's own. Never throws. */
  abstract tell(message: unknown): void;
  /** It ends normally, once it has handled what it handles now. */
  abstract stopSelf(): void;

  constructor(circle: Circle) {
    this.#circle = circle;
    this.#family = circle.family;
  }

  async spawn(Class: unknown, args: unknown, options: unknown): Promise<Reference> {
    if (!this.#family.extendsService(Class)) {
      throw new this.#family.SoloError("INVALID_ARGUMENT", "spawn takes a class that extends Service");
    }
    const { restart = "permanent" } = options as { readonly restart?: RestartType };
    if (restart !== "permanent" && restart !== "transient" && restart !== "temporary") {
      throw new this.#family.SoloError("INVALID_ARGUMENT", "restart is permanent, transient or temporary");
    }
    if (this.#circle.ending) throw new this.#family.SoloError("SHUTTING_DOWN", "the service is ending");
    if (this.#circle.alive >= this.#family.processesMax) {
      throw new this.#family.SoloError("QUOTA_EXCEEDED", `processes: limit ${this.#family.processesMax}`);
    }
    const child = this.#circle.makeChild(
      this,
      Class as new () => Service,
      this.#family.encode(args, "the arguments"),
      restart,
    );
    this.children.push(child);
    this.#circle.count(1);
    const failed = await child.start(this.cause);
    if (failed === undefined) return this.hold(child.reference);
    child.leave();
    throw failed.error;
  }

  monitor(process: unknown): void {
    const watched = this.#circle.find(process);
    const { ended } = watched;
    if (ended !== undefined) return this.tell({ type: "down", process: watched.name, reason: ended });
    watched.monitors.add(this);
    this.#watched.add(watched);
  }

  link(process: unknown): void {
    const other = this.#circle.find(process);
    if (other === this) return;
    if (other.ended !== undefined) {
      throw new this.#family.SoloError("SERVICE_NOT_RUNNING", `process ${other.name} has ended`);
    }
    other.links.add(this);
    this.links.add(other);
  }

  stop(process: unknown): void {
    const found = this.#circle.find(process);
    if (found === this) return this.stopSelf();
    const child = this.children.find((one) => one === found);
    if (child === undefined)
      throw new this.#family.SoloError("INVALID_ARGUMENT", "a process stops itself, and those that it spawned");
    child.finish(shutdown);
    child.leave();
  }

  /** All who watch hear of the end, once. Its own watches end with the life that asked for them. */
  tellEnd(reason: Reason): void {
    for (const watched of this.#watched) watched.monitors.delete(this);
    this.#watched.clear();
    const monitors = [...this.monitors];
    this.monitors.clear();
    for (const by of monitors) {
      by.#watched.delete(this);
      by.tell({ type: "down", process: this.name, reason });
    }
    const linked = [...this.links];
    this.links.clear();
    for (const other of linked) {
      other.links.delete(this);
      if (reason.type === "crashed") other.exit(reason);
    }
  }

  stopChildren(): void {
    for (const child of this.children.toReversed()) {
      child.finish(shutdown);
      child.leave();
    }
  }

  /** In order: the last first, and each when the one before it is gone. */
  async endChildren(reason: string): Promise<void> {
    for (const child of this.children.toReversed()) await child.end(reason);
  }

  /** A child ended by itself: what OTP's rules say. */
  childEnded(child: Child, reason: Reason): void {
    // It is to be started again already, with a sibling that ended first; or it is gone; or all is about to end.
    if (child.round !== undefined || this.#circle.ending || !this.children.includes(child)) return;
    const verdict = supervise(
      specOf(this.Class),
      // One that is being spawned is no sibling yet: whoever spawns it hears how that went.
      this.children.filter(({ born }) => born).map((one) => ({ id: one, restart: one.restart })),
      this.restarts,
      { child, kind: reason.type === "crashed" ? "abnormal" : "normal" },
      Date.now(),
    );
    switch (verdict.type) {
      case "ignore":
        return child.leave();
      case "restart": {
        this.restarts = verdict.restarts;
        const round = {};
        for (const one of verdict.start) one.round = round;
        for (const one of verdict.stop) {
          one.finish(shutdown);
          if (!verdict.start.includes(one)) one.leave();
        }
        void this.#startAll(verdict.start, round);
        return;
      }
      case "escalate": {
        const error = new this.#family.SoloError(
          "RESTART_LIMIT",
          `${child.name} ended too often${reason.type === "crashed" ? `, last with ${said(this.#family, reason.error)}` : ""}`,
        );
        this.exit({ type: "crashed", error });
      }
    }
  }

  /** Left to right: each may need the one before it. Of those that another round has since taken over, or that are gone, none. */
  async #startAll(children: readonly Child[], round: object): Promise<void> {
    for (const child of children) {
      if (child.round !== round) continue;
      const failed = await child.start(0);
      if (failed === undefined || failed.stopped) continue;
      this.#family.footing.log.error(`${child.name} did not start again:`, failed.error);
      this.childEnded(child, { type: "crashed", error: failed.error });
    }
  }
}

function specOf(Class: object): {
  readonly strategy: Strategy;
  readonly intensity: Intensity;
  readonly backoff: { readonly firstMs: number; readonly factor: number; readonly waitMsMax: number };
} {
  const { supervision = {} } = Class as {
    readonly supervision?: { readonly strategy?: Strategy; readonly restartsMax?: number; readonly withinMs?: number };
  };
  const { strategy = "one_for_one", restartsMax = 3, withinMs = 30_000 } = supervision;
  return {
    strategy: strategy === "one_for_all" || strategy === "rest_for_one" ? strategy : "one_for_one",
    intensity: { restartsMax: Math.max(0, Number(restartsMax)), withinMs: Math.max(1, Number(withinMs)) },
    backoff: { firstMs: 0, factor: 1, waitMsMax: 0 },
  };
}
