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
  readonly links = new Set<Process>();
  abstract readonly name: string;
  abstract readonly Class: object;
  abstract readonly over: boolean;
  abstract readonly cause: number;
  abstract hold(reference: Reference): Reference;
  /** It must end, for a fault that may be another's. */
  abstract exit(reason: Reason): void;
  abstract tell(message: unknown): void;

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
    if (watched.over) this.tell({ type: "down", process: watched.name, reason: { type: "normal" } });
    else watched.monitors.add(this);
  }

  link(process: unknown): void {
    const other = this.#circle.find(process);
    if (other === this) return;
    if (other.over) throw new this.#family.SoloError("SERVICE_NOT_RUNNING", `process ${other.name} has ended`);
    other.links.add(this);
    this.links.add(other);
  }

  stop(process: unknown): void {
    const child = this.children.find((one) => one === this.#circle.find(process));
    if (child === undefined)
      throw new this.#family.SoloError("INVALID_ARGUMENT", "a process stops those that it spawned");
    child.finish(shutdown);
    child.leave();
  }

  /** All who watch hear of the end, once. */
  tellEnd(reason: Reason): void {
    const monitors = [...this.monitors];
    this.monitors.clear();
    for (const by of monitors) by.tell({ type: "down", process: this.name, reason });
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

  /** A child ended by itself: what OTP's rules say. */
  childEnded(child: Child, reason: Reason): void {
    const verdict = supervise(
      specOf(this.Class),
      this.children.map((one) => ({ id: one, restart: one.restart })),
      this.restarts,
      { child, kind: reason.type === "crashed" ? "abnormal" : "normal" },
      Date.now(),
    );
    switch (verdict.type) {
      case "ignore":
        return child.leave();
      case "restart":
        this.restarts = verdict.restarts;
        for (const one of verdict.stop) {
          one.finish(shutdown);
          if (!verdict.start.includes(one)) one.leave();
        }
        void this.#startAll(verdict.start);
        return;
      case "escalate": {
        const error = new this.#family.SoloError(
          "RESTART_LIMIT",
          `${child.name} ended too often${reason.type === "crashed" ? `, last with ${said(this.#family, reason.error)}` : ""}`,
        );
        this.exit({ type: "crashed", error });
      }
    }
  }

  async #startAll(children: readonly Child[]): Promise<void> {
    for (const child of children) {
      // Left to right: each may need the one before it.
      const failed = await child.start(0);
      if (failed === undefined) continue;
      this.childEnded(child, { type: "crashed", error: failed.error });
      return;
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
