/** Laws that hold for every sequence of inputs: sequences are drawn at random and played against a kernel in memory. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { deathKinds, lossKinds } from "../../test/arbitraries/base.ts";
import { isRefusal } from "../base/index.ts";
import { eventVersions } from "./event.ts";
import { evolve, initialState } from "./evolve.ts";
import { Cells, inputOf, play, sequence } from "./histories.testing.ts";
import { incarnationsRunning, nextWake } from "./read.ts";
import { fromSnapshot, toSnapshot } from "./snapshot.ts";
import type { Command, Input } from "./turn.ts";
import { World } from "./world.ts";

const json = (world: World): string => JSON.stringify(toSnapshot(world.state));

const runs = { numRuns: 150 };

/** All that there is, or it does not compile. */
const inputs: Readonly<Record<Input["type"], true>> = {
  booted: true,
  command: true,
  started: true,
  ended: true,
  cell_lost: true,
  violation: true,
  circuit_opened: true,
  circuit_closed: true,
  pressure: true,
  relieve: true,
  missing: true,
  woken: true,
  retired: true,
  clock_jumped: true,
  node_stopped: true,
};
const commands: Readonly<Record<Command["type"], true>> = {
  create_tenant: true,
  delete_tenant: true,
  issue_certificate: true,
  deploy: true,
  kill: true,
  shut_down: true,
};

test("the histories have every type of input, command and event, every death and every loss of a cell", () => {
  const seen = {
    inputs: new Set<string>(),
    commands: new Set<string>(),
    events: new Set<string>(),
    deaths: new Set<string>(),
    losses: new Set<string>(),
  };
  for (const actions of fc.sample(sequence, { numRuns: 400, seed: 1 })) {
    const world = play(actions, (_world, _turn, input) => {
      seen.inputs.add(input.type);
      if (input.type === "command") seen.commands.add(input.command.type);
      if (input.type === "ended") seen.deaths.add(input.death.type);
      if (input.type === "cell_lost") seen.losses.add(input.loss.type);
    });
    for (const { type } of world.events) seen.events.add(type);
  }
  const sorted = (names: Iterable<string>): readonly string[] => [...names].toSorted();
  assert.deepEqual(sorted(seen.inputs), sorted(Object.keys(inputs)));
  assert.deepEqual(sorted(seen.commands), sorted(Object.keys(commands)));
  assert.deepEqual(sorted(seen.events), sorted(Object.keys(eventVersions)));
  assert.deepEqual(sorted(seen.deaths), sorted(deathKinds));
  assert.deepEqual(sorted(seen.losses), sorted(lossKinds));
});

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
        "circuit_breaker_closed",
        "pressure_rose",
        "pressure_fell",
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
