/**
 * The arena: one Solo in which attacks take place while somebody else works in peace. A witness of another tenant calls its
 * own service all the time; each of its calls must be answered, by the same life in the same process.
 */
import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { Status_Value, type Event, type StatusResponse } from "../../src/api/index.ts";
import { SoloError, type SoloClient } from "../../src/client/index.ts";
import { isAlive, Solo, type SoloOptions, until } from "../e2e/solo.ts";
import { type Attack, endsSoon, type Stage, type Targets } from "./attack.ts";
import { MemoryWatch } from "./memory-watch.ts";
import { type Peace, Witness } from "./witness.ts";

/** Lives that the other tenant had before: numbers of lives count by tenant, and its own is to be none that an attacker has. */
const earlierLives = 5;
/** For what died to be told, and for its supervisor to start it again. */
const aftermathMsMax = 40_000;

const counter = Buffer.from(`import { Service } from "solo:service";
export default class Counter extends Service {
  count = 0;
  add() { return (this.count += 1); }
}
`);

interface Standing {
  readonly kernel: number;
  readonly builder: number;
  readonly cell: number;
  readonly pid: string;
  readonly targets: Targets;
}

export class Arena implements AsyncDisposable {
  readonly solo: Solo;
  readonly #admin: SoloClient;
  readonly #victim: SoloClient;
  readonly #witness: Witness;
  readonly #before: Standing;
  readonly #memory = new MemoryWatch();
  /** Tenants whose attack may end their cell. */
  readonly #doomed = new Set<string>();

  private constructor(
    solo: Solo,
    parts: { readonly admin: SoloClient; readonly victim: SoloClient; readonly before: Standing },
  ) {
    this.solo = solo;
    this.#admin = parts.admin;
    this.#victim = parts.victim;
    this.#before = parts.before;
    this.#memory.begin(solo, parts.before.kernel);
    this.#witness = new Witness(parts.victim);
  }

  /** `args`: further arguments for its init. */
  static async open(args: readonly string[] = [], more: Omit<SoloOptions, "args"> = {}): Promise<Arena> {
    await using failed = new AsyncDisposableStack();
    const solo = failed.use(await Solo.start({ ...more, args }));
    const admin = await solo.client();
    const victim = await solo.tenant("victim");
    await victim.deploy({ serviceId: "earlier", code: counter, instances: earlierLives });
    await victim.kill({ serviceId: "earlier" });
    const { pid } = await victim.deploy({ serviceId: "steady", code: counter });
    const life = Number(pid.split(".").at(-1)?.replace(">", ""));
    assert.ok(life > earlierLives && life < 100, `the other tenant's life has a number that attackers try: ${pid}`);
    const roles = solo.processes();
    const pidOf = (role: "kernel" | "builder"): number => roles.find((one) => one.role === role)?.pid ?? 0;
    const number = await cellOf(admin, "victim", "steady");
    const cell = solo.cellPid(number);
    const [kernel, builder] = [pidOf("kernel"), pidOf("builder")];
    const targets = {
      pids: [solo.initPid, kernel, builder, cell],
      port: Number(solo.address.split(":").at(-1)),
      socket: join(solo.dataDir, "run", `cell-${number}.sock`),
    };
    const before = { kernel, builder, cell, pid, targets };
    failed.move();
    return new Arena(solo, { admin, victim, before });
  }

  /** Throws unless the attack comes to what it must come to, and to nothing else. */
  async withstand(attack: Attack): Promise<string> {
    const tenantId = attack.name;
    const admin = this.#admin;
    await admin.createTenant({ tenantId });
    if (attack.expects.type === "loses_its_cell" || attack.expects.type === "ends") this.#doomed.add(tenantId);
    await admin.deploy({ tenantId, serviceId: "neighbour", code: counter });
    const neighbour = await admin.status({ tenantId, serviceId: "neighbour" });
    const stage = { ...stageOf(admin, tenantId), targets: this.#before.targets };
    const { said, lost } = await this.#provoke(attack, stage);
    await this.#neighbourIsWell(lost ? said : undefined, stage, neighbour);
    await this.#witness.nextAnswer();
    await this.insistPeace();
    if (!lost) await this.#onlyTheAttackerDied(tenantId);
    await admin.deleteTenant({ tenantId });
    return said;
  }

  /** The same deed where nothing is to withstand it: what comes of it. */
  async unopposed<T>({ name, source }: Pick<Attack, "name" | "source">, act: (stage: Stage) => Promise<T>): Promise<T> {
    await this.#admin.createTenant({ tenantId: name });
    await this.#admin.deploy({
      tenantId: name,
      serviceId: "attacker",
      code: Buffer.from(source),
      resourceLimits: endsSoon,
    });
    return act({ ...stageOf(this.#admin, name), targets: this.#before.targets });
  }

  /** The other tenant noticed nothing, and nothing of Solo itself ended. */
  async insistPeace(): Promise<Peace> {
    const peace = this.#witness.insistPeace();
    const { kernel, builder, cell, pid } = this.#before;
    assert.ok(isAlive(kernel), "the kernel is the same");
    assert.ok(isAlive(builder), "the builder is the same");
    assert.ok(isAlive(cell), "the other tenant's cell is the same process");
    const status = await this.#victim.status({ serviceId: "steady" });
    assert.deepEqual([status.pid, status.restartCount], [pid, 0], "the other tenant's life is the same");
    this.#memory.insistBounds();
    return peace;
  }

  /** What the log says of all that happened: no cell was lost but those that were expected, and the log verifies. */
  async close(): Promise<string> {
    const lost = await eventsFrom(this.#admin, ["cell_lost"]);
    for (const { payload, tenantId } of lost) {
      assert.ok(this.#doomed.has(tenantId), `the cell of ${tenantId} was lost: ${JSON.stringify(payload)}`);
    }
    const verified = await this.#admin.verifyLog({});
    assert.ok(verified.valid, `the log does not verify: ${verified.problem}`);
    return `${verified.eventsChecked} events; ${this.#memory.summary}; nobody else waited longer than ${this.#witness.worstMs} ms`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#memory[Symbol.dispose]();
    await this.#witness.stop();
    await this.solo[Symbol.asyncDispose]();
  }

  // ------------------------------------------------------------------ one attack

  async #provoke(attack: Attack, stage: Stage): Promise<{ readonly said: string; readonly lost: boolean }> {
    const { tenantId } = stage;
    const { expects } = attack;
    const deploying = this.#admin.deploy({
      tenantId,
      serviceId: "attacker",
      code: Buffer.from(attack.source),
      resourceLimits: { cpuTimeMs: 300, ...attack.limits },
    });
    if (expects.type === "is_not_built") {
      const refused = await refusal(deploying);
      assert.equal(refused.code, expects.with, refused.message);
      return { said: refused.message, lost: false };
    }
    if (expects.type === "never_starts") {
      const refused = await refusal(deploying);
      assert.equal(refused.code, "STARTUP_FAILED", refused.message);
      assert.equal(refused.death?.type, expects.of, refused.message);
      if (expects.summary !== undefined) assert.match(refused.death.summary, expects.summary);
      return { said: refused.message, lost: false };
    }
    const { pid } = await deploying;
    const [came] = await Promise.allSettled([attack.run === undefined ? stage.call("attack") : attack.run(stage)]);
    switch (expects.type) {
      case "answers":
        assert.ok(came.status === "fulfilled", came.status === "rejected" ? String(came.reason) : "");
        assert.deepEqual(came.value, expects.with);
        await this.#livesOn(tenantId, pid);
        return { said: `answered ${JSON.stringify(came.value)}`, lost: false };
      case "is_refused": {
        assert.ok(came.status === "rejected", "it is refused");
        assert.ok(came.reason instanceof SoloError, String(came.reason));
        assert.equal(came.reason.code, expects.with, came.reason.message);
        await this.#livesOn(tenantId, pid);
        return { said: came.reason.message, lost: false };
      }
      case "dies":
      case "ends":
      case "loses_its_cell": {
        if (came.status === "rejected") {
          assert.ok(came.reason instanceof SoloError, String(came.reason));
          assert.ok(["CALL_FAILED", "CALL_LOST"].includes(came.reason.code), String(came.reason));
        }
        const wanted = expects.type === "loses_its_cell" ? "cell_lost" : undefined;
        const { deaths } = await this.#afterDeath(tenantId, "attacker", wanted);
        const death = deaths.findLast(({ type }) => type === (wanted ?? type));
        assert.ok(death !== undefined, "it died");
        if (expects.type === "dies") {
          assert.equal(death.pid, pid, "its first life ended");
          assert.equal(death.type, expects.of, death.summary);
          if (expects.summary !== undefined) assert.match(death.summary, expects.summary);
          return { said: death.summary, lost: false };
        }
        const lost = death.type === "cell_lost";
        const isTrue =
          lost || expects.type === "loses_its_cell"
            ? expects.by.some((loss) => death.summary.includes(loss))
            : expects.of.includes(death.type);
        assert.ok(isTrue, death.summary);
        return { said: death.summary, lost };
      }
    }
  }

  async #livesOn(tenantId: string, pid: string): Promise<void> {
    const status = await this.#admin.status({ tenantId, serviceId: "attacker" });
    assert.deepEqual([status.pid, status.deaths.length], [pid, 0], `it lives on: ${status.deaths[0]?.summary ?? ""}`);
  }

  /** `of`: waits for a death of this type; else, for any. */
  async #afterDeath(tenantId: string, serviceId: string, of?: string): Promise<StatusResponse> {
    let seen: StatusResponse | undefined;
    await until(
      `the end of ${tenantId}/${serviceId}`,
      async () => {
        seen = await this.#admin.status({ tenantId, serviceId });
        return seen.deaths.some(({ type }) => type === (of ?? type));
      },
      aftermathMsMax,
    );
    assert.ok(seen !== undefined);
    return seen;
  }

  /** Whoever lives in the same tenant has lost nothing but, where that was to be expected, its cell. */
  async #neighbourIsWell(lost: string | undefined, stage: Stage, before: StatusResponse): Promise<void> {
    const { tenantId } = stage;
    if (lost !== undefined) {
      const [death] = (await this.#afterDeath(tenantId, "neighbour")).deaths;
      assert.equal(death?.type, "cell_lost", "the neighbour is told that it was its cell");
      // Where it is certain who it was, whoever lived beside it is told.
      if (lost.includes("while it was at work: ")) assert.match(death.summary, /brought down by attacker/);
      assert.equal(await this.#paidBy(tenantId, "neighbour"), 0, "the neighbour does not pay for its restart");
    }
    assert.equal(typeof (await stage.call("add", [], "neighbour")), "number", "the neighbour answers");
    if (lost !== undefined) return;
    const status = await this.#admin.status({ tenantId, serviceId: "neighbour" });
    assert.deepEqual(
      [status.pid, status.deaths.length],
      [before.pid, before.deaths.length],
      `the neighbour's life is the same: ${status.deaths[0]?.summary ?? ""}`,
    );
    assert.equal(status.status, Status_Value.RUNNING);
  }

  /** Restarts that count against a service's budget, as of the last one. */
  async #paidBy(tenantId: string, serviceId: string): Promise<number | undefined> {
    const scheduled = await eventsFrom(this.#admin, ["service_restart_scheduled"], tenantId);
    const last = scheduled.findLast(({ subject }) => subject === serviceId);
    return (last?.payload?.["restarts"] as unknown[] | undefined)?.length;
  }

  async #onlyTheAttackerDied(tenantId: string): Promise<void> {
    const deaths = await eventsFrom(this.#admin, ["service_crashed"], tenantId);
    const others = deaths.filter(({ subject }) => subject !== "attacker");
    assert.deepEqual(
      others.map(({ subject }) => subject),
      [],
    );
  }
}

/** How an attack asks for things in its tenant. */
export function stageOf(admin: SoloClient, tenantId: string): Stage {
  return {
    admin,
    tenantId,
    call: async (method, args = [], serviceId = "attacker") => {
      const { result } = await admin.call(
        { tenantId, serviceId, method, args: Buffer.from(JSON.stringify(args)), timeoutMs: 60_000 },
        { timeoutMs: 90_000, retryForMs: 0 },
      );
      return result.length === 0 ? undefined : (JSON.parse(Buffer.from(result).toString("utf8")) as unknown);
    },
    cast: async (method, args = []) => {
      await admin.cast({ tenantId, serviceId: "attacker", method, args: Buffer.from(JSON.stringify(args)) });
    },
  };
}

async function refusal(answer: Promise<unknown>): Promise<SoloError> {
  const [settled] = await Promise.allSettled([answer]);
  assert.ok(settled.status === "rejected", "it is refused");
  assert.ok(settled.reason instanceof SoloError, String(settled.reason));
  return settled.reason;
}

async function eventsFrom(admin: SoloClient, eventTypes: readonly string[], tenantId = ""): Promise<Event[]> {
  const all: Event[] = [];
  for (let cursor = 0n; ;) {
    const filter = { eventTypes: [...eventTypes], ...(tenantId === "" ? {} : { tenantId }) };
    const page = await admin.queryEvents({ filter, cursor, limit: 1_000 });
    all.push(...page.events);
    if (page.nextCursor === 0n) return all;
    cursor = page.nextCursor;
  }
}

/** The number of the cell in which a service started. */
async function cellOf(admin: SoloClient, tenantId: string, serviceId: string): Promise<number> {
  const events = await eventsFrom(admin, ["service_deployed"], tenantId);
  return Number(events.find(({ subject }) => subject === serviceId)?.payload?.["cell"]);
}

/** All attacks of a folder beside this file, one file each, by name. */
export async function attacksIn(folder: string): Promise<readonly Attack[]> {
  const files = readdirSync(new URL(folder, import.meta.url)).toSorted();
  return Promise.all(
    files.map(async (file) => {
      const { attack } = (await import(new URL(`${folder}/${file}`, import.meta.url).href)) as { attack: Attack };
      assert.equal(`${attack.name}.ts`, file, "an attack is named as its file");
      return attack;
    }),
  );
}
