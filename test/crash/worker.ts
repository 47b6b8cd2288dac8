/**
 * One client in a closed loop: it asks for one thing, waits for its answer, writes down what was acknowledged, and asks for
 * the next. Where no answer came, a change is asked for again with the same request_id until there is one; a call only for
 * as long as any client asks again, and then counts as one that may have run.
 */
import assert from "node:assert/strict";
import { setTimeout as wait } from "node:timers/promises";
import { Status_Value } from "../../src/api/index.ts";
import { SoloError, type SoloClient, type SoloErrorCode } from "../../src/client/index.ts";
import { Account, type Seen } from "./account.ts";
import type { Node } from "./node.ts";
import type { Random } from "./random.ts";
import { sources } from "./sources.ts";

/** A call's own limit, and what the client waits for an answer: who must use the second was left hanging. */
const callMs = 3_000;
const patienceMs = 25_000;
/** For a change to be answered at last, however often the node dies meanwhile. */
const changeMsMax = 60_000;

/** How a call may fail while things die around it. Anything else, and a client was told what is not so. */
const callMayFail: ReadonlySet<SoloErrorCode> = new Set<SoloErrorCode>([
  "UNREACHABLE",
  "STARTING",
  "CALL_LOST",
  "CALL_TIMEOUT",
  "SERVICE_NOT_RUNNING",
  "OVERLOADED",
]);

/** What a change may be refused with, so that it is worth asking again. */
const changeMayWait: ReadonlySet<SoloErrorCode> = new Set<SoloErrorCode>([
  "UNREACHABLE",
  "STARTING",
  "BUILDER_UNAVAILABLE",
  "CELL_UNAVAILABLE",
  "OVERLOADED",
  "LOG_UNAVAILABLE",
]);

const servicesPerWorker = 3;
const tenantsPerWorker = 3;

/** What all workers together got done, by operation and outcome. */
export type Tally = Map<string, number>;

export interface WorkerParts {
  readonly node: Node;
  readonly tenant: string;
  readonly name: string;
  readonly random: Random;
  readonly tally: Tally;
}

export class Worker {
  readonly accounts: readonly Account[];
  /** Request ids of deployments and kills that were answered with success, to be looked for in the log. */
  readonly acknowledged: string[] = [];
  /** Tenants whose making, or end, was acknowledged to it. */
  readonly tenants = new Map<string, "made" | "deleted">();
  readonly #parts: WorkerParts;
  #asked = 0;
  /** What it waits for, for whoever finds it waiting too long. */
  doing = "";

  constructor(parts: WorkerParts) {
    this.#parts = parts;
    this.accounts = Array.from(
      { length: servicesPerWorker },
      (_, i) => new Account(parts.tenant, `${parts.name}-${i + 1}`),
    );
  }

  /** Works until told to stop; what is under way then is brought to its end. */
  async run(stopped: () => boolean): Promise<void> {
    while (!stopped()) await this.#step();
  }

  /** Looks at every counter that should be there, without changing it. */
  async look(): Promise<void> {
    for (const account of this.accounts) {
      if (account.isDeployed) await this.#call(account, "get", 0);
    }
  }

  async #step(): Promise<void> {
    const { random } = this.#parts;
    const account = random.pick(this.accounts);
    const asked = random.weighed({ call: 60, cast: 10, slow: 5, change: 20, tenant: 5 });
    switch (asked) {
      case "call":
        return account.isDeployed ? this.#call(account, "add", 1) : this.#deploy(account);
      case "slow":
        return account.isDeployed ? this.#call(account, "addSlowly", 1) : undefined;
      case "cast":
        return account.isDeployed ? this.#cast(account) : undefined;
      case "change":
        return account.isDeployed ? this.#kill(account) : this.#deploy(account);
      case "tenant":
        return this.#tenant();
    }
  }

  // ------------------------------------------------------------------ calls

  async #call(account: Account, method: string, added: 0 | 1): Promise<void> {
    const { tenant, random } = this.#parts;
    const { service } = account;
    const args = Buffer.from(JSON.stringify(method === "addSlowly" ? [random.whole(1, 60)] : []));
    try {
      const { result } = await this.#ask(`call ${service}.${method}`, tenant, (client) =>
        client.call({ serviceId: service, method, args, timeoutMs: callMs }, { timeoutMs: patienceMs }),
      );
      account.saw(JSON.parse(Buffer.from(result).toString()) as Seen, added);
      this.#count(method, "ok");
    } catch (error) {
      await this.#callFailed(account, method, added, error);
    }
  }

  async #cast(account: Account): Promise<void> {
    const { tenant } = this.#parts;
    const { service } = account;
    try {
      await this.#ask(`cast ${service}`, tenant, (client) =>
        client.cast({ serviceId: service, method: "add" }, { timeoutMs: patienceMs, retryForMs: 0 }),
      );
      account.maybeAdded();
      this.#count("cast", "ok");
    } catch (error) {
      await this.#callFailed(account, "cast", 1, error);
    }
  }

  async #callFailed(account: Account, what: string, added: 0 | 1, error: unknown): Promise<void> {
    if (!(error instanceof SoloError)) throw error;
    const { code, executed, message } = error;
    this.#count(what, code);
    assert.ok(callMayFail.has(code), `${account.tenant}/${account.service}.${what}: ${code}: ${message}`);
    if (executed !== "not_executed" && added === 1) account.maybeAdded();
    await this.#afterFailure(code);
  }

  // ------------------------------------------------------------------ changes

  async #deploy(account: Account): Promise<void> {
    const { tenant, random } = this.#parts;
    const request = {
      serviceId: account.service,
      code: sources.counter(random.whole(1, 40)),
      requestId: this.#nextRequest(),
      // A machine under load may be slow; that a start takes its time is not what is asked here.
      resourceLimits: { startupTimeoutMs: 20_000 },
      ...(random.chance(0.5) ? { supervision: { maxRestarts: 20, withinMs: 20_000 } } : {}),
    };
    const answer = await this.#change(`deploy ${account.service}`, tenant, (client) =>
      client.deploy(request, { timeoutMs: patienceMs, retryForMs: 0 }),
    );
    if (answer instanceof SoloError) {
      const { code, death, message } = answer;
      assert.equal(code, "STARTUP_FAILED", `deploy ${account.tenant}/${account.service}: ${code}: ${message}`);
      // A repeated request tells the death without its evidence.
      assert.match(message, /cell lost/, `${account.service} did not start, though only cells die here`);
      account.standing = { name: "failed", why: death?.summary ?? "" };
      return this.#count("deploy", code);
    }
    assert.equal(answer.status, Status_Value.RUNNING, `deploy ${account.service} is answered when it runs`);
    this.acknowledged.push(request.requestId);
    account.deployed(answer.pid);
    this.#count("deploy", "ok");
    if (!random.chance(0.2)) return;
    const again = await this.#change(`repeat deploy ${account.service}`, tenant, (client) =>
      client.deploy(request, { timeoutMs: patienceMs, retryForMs: 0 }),
    );
    assert.deepEqual(again, answer, "a repeated request is answered as the first was");
  }

  async #kill(account: Account): Promise<void> {
    const { tenant, random } = this.#parts;
    const request = { serviceId: account.service, force: random.chance(0.3), requestId: this.#nextRequest() };
    const answer = await this.#change(`kill ${account.service}`, tenant, (client) =>
      client.kill(request, { timeoutMs: patienceMs, retryForMs: 0 }),
    );
    if (answer instanceof SoloError) throw answer;
    assert.equal(answer.finalStatus, Status_Value.STOPPED, `kill ${account.service} is answered when it has ended`);
    this.acknowledged.push(request.requestId);
    account.standing = { name: "killed", reason: answer.reason };
    this.#count("kill", "ok");
  }

  /** Makes a tenant, or ends the oldest that it made. */
  async #tenant(): Promise<void> {
    const { name } = this.#parts;
    const made = [...this.tenants].filter(([, standing]) => standing === "made").map(([tenantId]) => tenantId);
    const [oldest] = made;
    if (oldest !== undefined && made.length >= tenantsPerWorker) {
      const request = { tenantId: oldest, requestId: this.#nextRequest() };
      const answer = await this.#change(`delete ${oldest}`, "admin", (client) =>
        client.deleteTenant(request, { timeoutMs: patienceMs, retryForMs: 0 }),
      );
      // When the first answer was lost, the tenant and all that was known of it may be gone by the second.
      if (answer instanceof SoloError && answer.code !== "TENANT_NOT_FOUND") throw answer;
      this.tenants.set(oldest, "deleted");
      return this.#count("delete tenant", "ok");
    }
    const request = { tenantId: `${name}-made-${this.#asked}`, requestId: this.#nextRequest() };
    const answer = await this.#change(`create ${request.tenantId}`, "admin", (client) =>
      client.createTenant(request, { timeoutMs: patienceMs, retryForMs: 0 }),
    );
    if (answer instanceof SoloError) throw answer;
    this.tenants.set(answer.tenantId, "made");
    this.#count("create tenant", "ok");
  }

  /** Asks until there is an answer: success, or a refusal that asking again would not change. */
  async #change<T>(what: string, as: string, ask: (client: SoloClient) => Promise<T>): Promise<T | SoloError> {
    const until = performance.now() + changeMsMax;
    for (;;) {
      try {
        return await this.#ask(what, as, ask);
      } catch (error) {
        if (!(error instanceof SoloError)) throw error;
        assert.notEqual(error.code, "TIMEOUT", `${what} was left hanging`);
        if (!changeMayWait.has(error.code)) return error;
        this.#count(what.split(" ", 1)[0] ?? "", error.code);
        assert.ok(
          performance.now() < until,
          `${what} is still ${error.code} after ${changeMsMax} ms: ${error.message}`,
        );
        await this.#afterFailure(error.code);
      }
    }
  }

  // ------------------------------------------------------------------ both

  async #ask<T>(what: string, as: string, ask: (client: SoloClient) => Promise<T>): Promise<T> {
    const { node } = this.#parts;
    await node.whenUp();
    this.doing = what;
    try {
      return await ask(node.client(as));
    } finally {
      this.doing = "";
    }
  }

  /** Nobody hammers a node that is not there. */
  async #afterFailure(code: SoloErrorCode): Promise<void> {
    await wait(code === "UNREACHABLE" ? this.#parts.random.whole(5, 30) : this.#parts.random.whole(1, 10));
  }

  #nextRequest(): string {
    return `${this.#parts.tenant}-${this.#parts.name}-${++this.#asked}`;
  }

  #count(what: string, outcome: string): void {
    const key = `${what} ${outcome}`;
    this.#parts.tally.set(key, (this.#parts.tally.get(key) ?? 0) + 1);
  }
}
