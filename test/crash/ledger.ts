/**
 * The node's own account: its event log, read as it grows, and held to what a log must be. It has no gaps; no request ran
 * twice; no service lives twice at a time; nobody died twice, or without a reason that the one who kills can confirm.
 */
import assert from "node:assert/strict";
import type { JsonValue } from "@bufbuild/protobuf";
import type { Event } from "../../src/api/index.ts";
import type { SoloClient } from "../../src/client/index.ts";

export interface Life {
  readonly tenant: string;
  readonly service: string;
  readonly incarnation: number;
  /** Known once it has started. */
  cell: number | undefined;
  /** The type of its death, and what a lost cell was lost by. */
  end: { readonly type: string; readonly loss: string | undefined } | undefined;
}

type Fields = Readonly<Record<string, JsonValue>>;

const pageLength = 1_000;

export class Ledger {
  /** By request id: the events that it led to. One each, or a request ran twice. */
  readonly requests = new Map<string, string>();
  readonly lives = new Map<string, Life>();
  /** Cells that were lost while something lived in them, by what. */
  readonly lost = new Map<number, string>();
  readonly tenants = new Set<string>();
  boots = 0;
  kernels = 0;
  #last = 0n;
  #boot = "";

  /** How much happened, in words. */
  get summary(): string {
    return `${this.#last} events, ${this.requests.size} requests, ${this.lives.size} lives, ${this.lost.size} cells lost, ${this.kernels} kernels, ${this.boots} starts of the node`;
  }

  /** Reads on to the end of the log. */
  async readOn(admin: SoloClient): Promise<void> {
    for (let cursor = this.#last; ;) {
      const page = await admin.queryEvents({ cursor, limit: pageLength });
      for (const event of page.events) this.#take(event);
      if (page.nextCursor === 0n) return;
      cursor = page.nextCursor;
    }
  }

  life(tenant: string, pid: string): Life | undefined {
    return this.lives.get(`${tenant}/${incarnationIn(pid)}`);
  }

  #take(event: Event): void {
    assert.equal(event.id, this.#last + 1n, "the log has no gap");
    this.#last = event.id;
    const { tenantId: tenant, eventType, subject, payload } = event;
    if (eventType === "tenant_created") this.tenants.add(tenant);
    if (eventType === "tenant_deletion_requested") this.tenants.delete(tenant);
    // Erased with its tenant.
    if (payload === undefined) return;
    const request = fields(payload["request"])["id"];
    if (typeof request === "string") {
      assert.equal(this.requests.get(request), undefined, `request ${request} ran twice: ${eventType} of ${subject}`);
      this.requests.set(request, eventType);
    }
    switch (eventType) {
      case "kernel_started":
        return this.#kernelStarted(payload);
      case "deployment_requested":
        for (const born of list(payload["born"])) this.#born(tenant, subject, fields(born));
        return;
      case "service_restarting":
        return this.#born(tenant, subject, payload);
      case "service_deployed":
        for (const born of list(payload["born"])) this.#started(tenant, fields(born), payload["cell"]);
        return;
      case "instance_started":
      case "service_restarted":
        return this.#started(tenant, payload, payload["cell"]);
      case "service_crashed":
      case "instance_stopped":
      case "service_deployment_failed":
        return this.#ended(tenant, payload);
      case "cell_lost": {
        this.lost.set(Number(payload["cell"]), sayLoss(payload["loss"]));
        return;
      }
    }
  }

  #kernelStarted(payload: Fields): void {
    this.kernels += 1;
    if (payload["boot"] === this.#boot) return;
    this.#boot = text(payload["boot"]);
    this.boots += 1;
    // Everything ended with the node; the log says so once, here.
    for (const life of this.lives.values()) life.end ??= { type: "cell_lost", loss: "node" };
  }

  #born(tenant: string, service: string, born: Fields): void {
    const incarnation = Number(born["incarnation"]);
    for (const other of this.lives.values()) {
      assert.ok(
        other.tenant !== tenant || other.service !== service || other.end !== undefined,
        `${tenant}/${service} lives twice: ${other.incarnation} and ${incarnation}`,
      );
    }
    const key = `${tenant}/${incarnation}`;
    assert.equal(this.lives.get(key), undefined, `incarnation ${key} was born twice`);
    this.lives.set(key, { tenant, service, incarnation, cell: undefined, end: undefined });
  }

  #started(tenant: string, born: Fields, cell: JsonValue | undefined): void {
    const life = this.#lifeOf(tenant, born);
    assert.equal(life.end, undefined, `${tenant}/${life.service} ${life.incarnation} started after its end`);
    life.cell = Number(cell);
  }

  #ended(tenant: string, payload: Fields): void {
    const life = this.#lifeOf(tenant, payload);
    assert.equal(life.end, undefined, `${tenant}/${life.service} ${life.incarnation} ended twice`);
    const death = fields(payload["death"]);
    life.end = { type: text(death["type"]), loss: "loss" in death ? sayLoss(death["loss"]) : undefined };
  }

  #lifeOf(tenant: string, of: Fields): Life {
    const life = this.lives.get(`${tenant}/${Number(of["incarnation"])}`);
    assert.ok(life !== undefined, `the log tells of a life that was never born: ${tenant} ${JSON.stringify(of)}`);
    return life;
  }
}

/** `<0.1.17>` → 17 */
const incarnationIn = (pid: string): number => Number(/^<\d+\.\d+\.(\d+)>$/.exec(pid)?.[1]);

/** `signal SIGKILL`, `node`, `protocol` and what was wrong, … */
function sayLoss(value: JsonValue | undefined): string {
  const loss = fields(value);
  return [loss["type"], loss["signal"], loss["problem"]].map(text).filter(Boolean).join(" ");
}

const text = (value: JsonValue | undefined): string => (typeof value === "string" ? value : "");
const fields = (value: JsonValue | undefined): Fields =>
  typeof value === "object" && value !== null && !Array.isArray(value) ? value : {};
const list = (value: JsonValue | undefined): readonly JsonValue[] => (Array.isArray(value) ? value : []);
