/**
 * A client's own account of one service: what was acknowledged to it, and what its counter may show. One worker writes it,
 * and asks for one thing at a time; where no answer came, the account says what may have happened.
 */
import assert from "node:assert/strict";

export type Standing =
  /** Never deployed, as far as anyone was told. */
  | { readonly name: "absent" }
  /** Acknowledged as RUNNING; the supervisor's from there on. */
  | { readonly name: "deployed" }
  /** Its deployment was answered with its death. */
  | { readonly name: "failed"; readonly why: string }
  /** Acknowledged as STOPPED. */
  | { readonly name: "killed"; readonly reason: string };

/** What a service says of itself. */
export interface Seen {
  readonly pid: string;
  readonly count: number;
}

export class Account {
  readonly tenant: string;
  readonly service: string;
  standing: Standing = { name: "absent" };
  /** Lives that gave way to others, to be explained by the log: [from, to]. */
  readonly changes: (readonly [string, string])[] = [];
  #pid = "";
  /** What the counter is known to have reached in this life, and what it may have reached. */
  #least = 0;
  #most = 0;
  /** Additions without a known outcome, of all its lives: any of them may still arrive. */
  #unknown = 0;

  constructor(tenant: string, service: string) {
    this.tenant = tenant;
    this.service = service;
  }

  get pid(): string {
    return this.#pid;
  }

  get isDeployed(): boolean {
    return this.standing.name === "deployed";
  }

  deployed(pid: string): void {
    this.standing = { name: "deployed" };
    this.#pid = pid;
    this.#least = 0;
    // What was sent to the former service of this name may come to the new one.
    this.#most = this.#unknown;
    this.changes.length = 0;
  }

  /** An addition may have happened, or may yet. */
  maybeAdded(): void {
    this.#unknown += 1;
    this.#most += 1;
  }

  /** What the service answered, after `added` that is in its answer. */
  saw({ pid, count }: Seen, added: 0 | 1): void {
    if (pid !== this.#pid) {
      this.changes.push([this.#pid, pid]);
      this.#pid = pid;
      this.#least = 0;
      this.#most = this.#unknown;
    }
    this.#most += added;
    const at = `${this.tenant}/${this.service} ${pid}`;
    assert.ok(count >= this.#least + added, `${at} lost state: it shows ${count} after ${this.#least}, ${added} added`);
    assert.ok(count <= this.#most, `${at} did something twice: it shows ${count} where at most ${this.#most} can be`);
    this.#least = count;
  }
}
