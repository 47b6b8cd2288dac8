/** Laws that hold for every sequence of inputs: sequences are drawn at random and played against a kernel in memory. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { cellNumber, type Death, incarnationNumber, type IncarnationNumber, isRefusal, never } from "../base/index.ts";
import { evolve, initialState } from "./evolve.ts";
import { fromSnapshot, toSnapshot } from "./snapshot.ts";
import type { Input, Survivor, Turn } from "./turn.ts";
import { incarnationsRunning, nextWake } from "./read.ts";
import { admin, agent, crash, normalEnd, release, requestId, serviceId, tenantId, World } from "./world.ts";

const tenants = ["t", "u"];
const deaths: readonly Death[] = [
  crash,
  normalEnd,
  { type: "stopped", why: "shutdown" },
  { type: "killed", by: "admin", forced: "no" },
  { type: "out_of_memory", limitBytes: 1 },
  { type: "cell_lost", loss: { type: "spawn", problem: "no" }, inFlight: "no" },
];

interface Action {
  readonly act: Act;
  readonly a: number;
  readonly b: number;
  readonly c: number;
  readonly d: number;
}
/** How often each is drawn. */
const weights = {
  create: 2,
  delete: 1,
  retired: 1,
  certificate: 1,
  shutDown: 1,
  deploy: 6,
  kill: 1,
  force: 1,
  started: 16,
  ended: 8,
  late: 1,
  cell: 1,
  wait: 8,
  kernel: 1,
  node: 1,
  stop: 1,
} as const;
type Act = keyof typeof weights;
const acts = Object.entries(weights).flatMap(([act, weight]) => Array.from({ length: weight }, () => act as Act));
const action: fc.Arbitrary<Action> = fc.record({
  act: fc.constantFrom(...acts),
  a: fc.nat(1),
  b: fc.nat(2),
  c: fc.nat(99),
  d: fc.nat(99),
});

const at = <T>(list: readonly T[], index: number): T | undefined => list[index % list.length];

/** What the cells of the node hold: the truth that the kernel hears of. */
class Cells {
  readonly held = new Map<string, { tenant: string; incarnation: IncarnationNumber; slot: string }>();

  obey(turn: Turn): void {
    for (const effect of turn.effects) {
      if (effect.type === "retire_tenant") {
        for (const [key, { tenant }] of this.held) if (tenant === effect.tenant) this.held.delete(key);
      }
      if (effect.type !== "start") continue;
      const slot = `${effect.tenant}/${effect.service}/${effect.instance}`;
      const key = `${effect.tenant}#${effect.incarnation}`;
      for (const other of this.held.values()) {
        assert.ok(other.slot !== slot || other.incarnation === effect.incarnation, `${slot} lives twice`);
      }
      this.held.set(key, { tenant: effect.tenant, incarnation: effect.incarnation, slot });
    }
  }

  end(tenant: string, incarnation: IncarnationNumber): void {
    this.held.delete(`${tenant}#${incarnation}`);
  }

  of(tenant: string): IncarnationNumber[] {
    return [...this.held.values()].filter((held) => held.tenant === tenant).map(({ incarnation }) => incarnation);
  }
}

function inputOf(world: World, cells: Cells, { act, a, b, c, d }: Action): Input | undefined {
  const name = tenants[a] ?? "t";
  const tenant = tenantId(name);
  const service = serviceId(`s${b}`);
  const principal = c % 3 === 0 ? agent(tenants[d % 2] ?? "t") : admin;
  const request = d % 4 === 0 ? { request: { id: requestId(`r${c % 5}`), fingerprint: `${act}${d % 8}` } } : {};
  const command = { type: "command", principal, ...request } as const;
  const held = cells.of(name);
  const one = at(held, c);
  switch (act) {
    case "create":
      return { ...command, command: { type: "create_tenant", tenant } };
    case "delete":
      return c < 20 ? { ...command, command: { type: "delete_tenant", tenant } } : undefined;
    case "retired":
      return { type: "retired", tenant, through: world.state.lastEvent, count: 1 };
    case "certificate":
      return {
        ...command,
        command: { type: "issue_certificate", role: "tenant", tenant, fingerprint: "f", notAfterMs: 1 },
      };
    case "shutDown":
      return { ...command, command: { type: "shut_down" } };
    case "deploy": {
      const strategy = at(["one_for_one", "one_for_all", "rest_for_one"] as const, c) ?? "one_for_one";
      const restart = at(["permanent", "permanent", "transient", "temporary"] as const, d) ?? "permanent";
      const supervision = {
        strategy,
        intensity: { restartsMax: d % 3, withinMs: 5_000 },
        backoff: { firstMs: c % 2 === 0 ? 0 : 50, factor: 4, waitMsMax: 1_000 },
      };
      return {
        ...command,
        command: {
          type: "deploy",
          tenant,
          service,
          release: release({ restart, supervision, tier: c % 10 === 7 ? "system" : "user" }),
          instances: [1, 2, 3, 1, 0][d % 5] ?? 1,
        },
      };
    }
    case "kill":
    case "force":
      return { ...command, command: { type: "kill", tenant, service, forced: act === "force" } };
    case "started":
      return one === undefined
        ? undefined
        : { type: "started", tenant, incarnation: one, cell: cellNumber(1), tookMs: 1 };
    case "ended":
      if (one === undefined) return undefined;
      cells.end(name, one);
      return { type: "ended", tenant, incarnation: one, death: at(deaths, d) ?? crash, started: d % 2 === 0 };
    case "late": {
      const incarnation = incarnationNumber(c + 1);
      if (held.includes(incarnation)) return undefined;
      return { type: "ended", tenant, incarnation, death: crash, started: true };
    }
    case "cell": {
      const victims = held.filter((_, i) => (c >> i) % 2 === 0);
      for (const victim of victims) cells.end(name, victim);
      return {
        type: "cell_lost",
        cell: cellNumber(1),
        tenant,
        loss: d % 2 === 0 ? { type: "signal", signal: "SIGTRAP" } : { type: "node" },
        victims: victims.map((incarnation) => ({ incarnation, inFlight: (incarnation + d) % 2 === 0 })),
      };
    }
    case "wait":
      world.now = (world.now + c * c * 10) as typeof world.now;
      return { type: "woken" };
    case "kernel": {
      const survivors: Survivor[] = [];
      for (const [key, { tenant: of, incarnation, slot }] of cells.held) {
        if ((incarnation + d) % 5 === 0) cells.held.delete(key);
        else
          survivors.push({
            tenant: tenantId(of),
            service: serviceId(slot.split("/")[1] ?? ""),
            incarnation,
            cell: cellNumber(1),
            phase: "running",
          });
      }
      return { type: "booted", epoch: world.state.epoch, boot: world.state.boot, version: "0", survivors };
    }
    case "node":
      cells.held.clear();
      return { type: "booted", epoch: world.state.epoch, boot: `boot-${c}-${d}`, version: "0", survivors: [] };
    case "stop":
      if (c > 20) return undefined;
      cells.held.clear();
      return {
        type: "node_stopped",
        outcome: d % 2 === 0 ? "clean" : "deadline",
        ...(d % 3 === 0 ? {} : { misfits: everyThird(world) }),
      };
    default:
      return never(act);
  }
}

/** Of all that lives, those that ended badly. */
const everyThird = ({ state }: World): NonNullable<Extract<Input, { type: "node_stopped" }>["misfits"]> =>
  [...state.index.living]
    .flatMap(([tenant, living]) => [...living.keys()].map((incarnation) => ({ tenant, incarnation, death: crash })))
    .filter((_, at) => at % 3 === 0);

const json = (world: World): string => JSON.stringify(toSnapshot(world.state));

function play(
  actions: readonly Action[],
  afterEach: (world: World, turn: Turn, input: Input, cells: Cells) => void,
): World {
  const world = World.of("t");
  const cells = new Cells();
  for (const step of actions) {
    const input = inputOf(world, cells, step);
    if (input === undefined) continue;
    const turn = world.take(input);
    cells.obey(turn);
    afterEach(world, turn, input, cells);
  }
  return world;
}

const runs = { numRuns: 150 };
const sequence = fc.array(action, { minLength: 30, maxLength: 200, size: "max" });

test("replaying the log gives the state, and so does a snapshot with the events after it", () => {
  fc.assert(
    fc.property(sequence, fc.nat(), (actions, cut) => {
      const world = play(actions, () => undefined);
      const replayed = initialState();
      for (const event of world.events) evolve(replayed, event);
      assert.deepEqual(replayed, world.state);

      const before = initialState();
      const first = cut % (world.events.length + 1);
      for (const event of world.events.slice(0, first)) evolve(before, event);
      const restored = fromSnapshot(JSON.parse(JSON.stringify(toSnapshot(before))));
      assert.ok(restored !== undefined);
      for (const event of world.events.slice(first)) evolve(restored, event);
      assert.deepEqual(restored, world.state);
    }),
    runs,
  );
});

test("a replay without the payloads that were erased with a deleted tenant gives the same state", () => {
  fc.assert(
    fc.property(sequence, (actions) => {
      const world = play(actions, () => undefined);
      const erased = new Map<string, number>();
      for (const { payload } of world.events) {
        if (payload !== undefined && "erased" in payload) erased.set(payload.erased, payload.through);
      }
      const replayed = initialState();
      for (const event of world.events) {
        const gone = event.tenant !== undefined && event.id <= (erased.get(event.tenant) ?? 0);
        const { payload: _, ...header } = event;
        evolve(replayed, gone ? header : event);
      }
      assert.deepEqual(replayed, world.state);
    }),
    runs,
  );
});

test("the processes that count against a tenant's limit are those of its user services that live, or will again", () => {
  fc.assert(
    fc.property(sequence, (actions) => {
      play(actions, ({ state }) => {
        for (const { id, services } of state.tenants.values()) {
          const mine = [...services.values()].filter(({ release: { tier } }) => tier === "user");
          const phases = mine.flatMap(({ instances }) => [...instances.values()].map(({ phase }) => phase.name));
          const count = phases.filter((name) => name !== "stopped").length;
          assert.equal(state.index.processes.get(id) ?? 0, count);
        }
        assert.ok([...state.index.processes.keys()].every((id) => state.tenants.has(id)));
      });
    }),
    runs,
  );
});

test("running is said only of what a cell holds", () => {
  fc.assert(
    fc.property(sequence, (actions) => {
      play(actions, (world, _turn, _input, cells) => {
        for (const { tenant, incarnation } of incarnationsRunning(world.state)) {
          assert.ok(cells.of(tenant).includes(incarnation), `${tenant} ${incarnation}`);
        }
      });
    }),
    runs,
  );
});

test("no sequence of inputs makes two lives of one instance, or uses an incarnation's number twice", () => {
  fc.assert(
    fc.property(sequence, (actions) => {
      const world = play(actions, () => undefined);
      const used = new Map<string, Set<number>>();
      for (const event of world.events) {
        if (event.type === "tenant_created") used.set(event.subject, new Set());
        const born =
          event.type === "deployment_requested"
            ? event.payload?.born
            : event.type === "service_restarting" && event.payload !== undefined
              ? [event.payload]
              : [];
        for (const { incarnation } of born ?? []) {
          const numbers = used.get(event.tenant ?? "");
          assert.ok(numbers !== undefined && !numbers.has(incarnation), `${incarnation} twice`);
          numbers.add(incarnation);
        }
      }
    }),
    runs,
  );
});

test("a refused command changes nothing, and causes come before what they cause", () => {
  fc.assert(
    fc.property(sequence, (actions) => {
      const world = play(actions, (_world, turn, input) => {
        assert.equal(turn.reply !== undefined, input.type === "command");
        if (isRefusal(turn.reply)) assert.deepEqual([turn.events, turn.effects], [[], []]);
      });
      const caused = new Set([
        "kernel_started",
        "system_stopped",
        "shutdown_requested",
        "tenant_created",
        "tenant_deletion_requested",
        "certificate_issued",
        "deployment_requested",
        "service_kill_requested",
        "tenant_deletion_noted",
        "service_kill_noted",
        "cell_lost",
        "clock_jumped",
      ]);
      for (const event of world.events) {
        if (event.causation === undefined) assert.ok(caused.has(event.type), `${event.type} has no cause`);
        else assert.ok(event.causation < event.id);
      }
    }),
    runs,
  );
});

test("a named command that is not refused stands in the log with its name, once for as long as it is remembered", () => {
  fc.assert(
    fc.property(sequence, (actions) => {
      play(actions, (world, turn, input) => {
        if (input.type !== "command" || input.request === undefined || isRefusal(turn.reply)) return;
        const { id } = input.request;
        const marks = turn.events.filter(({ payload }) => "request" in payload && payload.request?.id === id);
        assert.equal(marks.length, turn.reply?.repeated === true ? 0 : 1, `${input.command.type} ${id}`);
        const again = world.decideOnly(input);
        assert.ok(again.reply !== undefined);
        if (isRefusal(again.reply))
          assert.match(again.reply.refused, /_NOT_FOUND$|^SHUTTING_DOWN$/, "its tenant is gone");
        else assert.equal(again.reply.repeated, true);
        assert.deepEqual(again.events, []);
      });
    }),
    runs,
  );
});

test("what is due is started when it is due: waking never comes to nothing", () => {
  fc.assert(
    fc.property(sequence, (actions) => {
      const world = play(actions, () => undefined);
      for (let wakes = 0; wakes < 50; wakes++) {
        const due = nextWake(world.state);
        if (due === undefined) break;
        if (due > world.now) world.now = due;
        assert.ok(world.take({ type: "woken" }).events.length > 0);
      }
    }),
    runs,
  );
});

test("deciding changes nothing: the state is the same before and after", () => {
  fc.assert(
    fc.property(sequence, (actions) => {
      const world = World.of("t");
      const cells = new Cells();
      for (const step of actions) {
        const input = inputOf(world, cells, step);
        if (input === undefined) continue;
        const before = json(world);
        const index = structuredClone(world.state.index);
        world.decideOnly(input);
        assert.equal(json(world), before);
        assert.deepEqual(world.state.index, index);
        cells.obey(world.take(input));
      }
    }),
    { numRuns: 40 },
  );
});
