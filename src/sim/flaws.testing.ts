/** Kernels with one bug each, and the promise that each of them breaks. */
import { type Instant, incarnationNumber, later } from "../base/index.ts";
import {
  type Decider,
  decider,
  type Input,
  type NewEvent,
  type Service,
  type State,
  type Turn,
} from "../kernel/index.ts";
import type { Flaw } from "./world/flaw.ts";
import { MemoryStorage } from "./world/memory-storage.ts";

export interface FlawCase {
  readonly bug: string;
  readonly promise: string;
  readonly flaw: Flaw;
}

/** The same decider, but for what a turn leads to. */
const deciding = (change: (decide: Decider["decide"], state: State, input: Input, now: Instant) => Turn): Flaw => ({
  decider: { ...decider, decide: (state, input, now) => change(decider.decide, state, input, now) },
});

/** The same log, but for one of its methods. It is a class: its methods need it. */
const logging = (change: NonNullable<Flaw["log"]>): Flaw => ({ log: change });

const onEvents = (turn: Turn, change: (event: NewEvent) => NewEvent): Turn => ({
  ...turn,
  events: turn.events.map(change),
});

export const flaws: readonly FlawCase[] = [
  {
    bug: "obeys every tenant as an administrator",
    promise: "P2",
    flaw: deciding((decide, state, input, now) =>
      decide(state, input.type === "command" ? { ...input, principal: { role: "admin", name: "admin" } } : input, now),
    ),
  },
  {
    bug: "says to a stranger that a service is there",
    promise: "P2",
    flaw: deciding((decide, state, input, now) => {
      const turn = decide(state, input, now);
      if (input.type !== "command" || input.command.type !== "kill" || input.principal.role === "admin") return turn;
      const { tenant, service } = input.command;
      if (input.principal.tenant === tenant || state.tenants.get(tenant)?.services.has(service) !== true) return turn;
      return { ...turn, reply: { refused: "SERVICE_NOT_RUNNING", detail: {} } };
    }),
  },
  {
    bug: "answers before the events are durable",
    promise: "P3",
    flaw: logging((log) => withLog(log, { whenDurable: () => Promise.resolve() })),
  },
  {
    bug: "loses what was fsynced last when it dies",
    promise: "P3",
    flaw: {
      storage: (storage) => {
        if (!(storage instanceof MemoryStorage)) return storage;
        const crash = storage.crash.bind(storage);
        storage.crash = async () => {
          await crash();
          storage.stored.splice(-1);
          storage.loseSnapshots();
        };
        return storage;
      },
    },
  },
  {
    bug: "leaves out an event now and then",
    promise: "P3",
    flaw: {
      decider: {
        ...decider,
        evolve: (state, event) => {
          if (event.type !== "service_killed" || event.id % 5 !== 0) decider.evolve(state, event);
          else decider.evolve(state, { ...event, type: "cell_lost", payload: { cell: 0, victims: 0 } } as never);
        },
      },
    },
  },
  {
    bug: "skips the event after a snapshot",
    promise: "P3",
    flaw: logging((log) =>
      withLog(log, {
        saveSnapshot: (of) =>
          log.saveSnapshot({ ...of, json: of.json.replace(/"lastEvent":\d+/, `"lastEvent":${of.event + 1}`) }),
      }),
    ),
  },
  {
    bug: "forgets which requests it has done",
    promise: "P3",
    flaw: deciding((decide, state, input, now) =>
      decide(
        {
          ...state,
          requests: new Map(),
          tenants: new Map(Array.from(state.tenants, ([id, tenant]) => [id, { ...tenant, requests: new Map() }])),
        },
        input,
        now,
      ),
    ),
  },
  {
    bug: "leaves no note of a kill or a deletion that changes nothing",
    promise: "P3",
    flaw: deciding((decide, state, input, now) => {
      const turn = decide(state, input, now);
      return { ...turn, events: turn.events.filter(({ type }) => !type.endsWith("_noted")) };
    }),
  },
  {
    bug: "says of what was told to stop that it did, whatever became of its cell",
    promise: "P4",
    flaw: deciding((decide, state, input, now) =>
      onEvents(decide(state, input, now), (event) =>
        event.type === "instance_stopped" && event.payload.death.type === "cell_lost"
          ? { ...event, payload: { ...event.payload, death: { type: "killed", by: "admin", forced: "no" } } }
          : event,
      ),
    ),
  },
  {
    bug: "records the end of a cell each time that it is told of it",
    promise: "P4",
    flaw: deciding((decide, state, input, now) => decide({ ...state, lost: new Set() }, input, now)),
  },
  {
    bug: "takes one death for another",
    promise: "P4",
    flaw: deciding((decide, state, input, now) =>
      decide(
        state,
        input.type === "ended" && input.death.type === "crashed"
          ? { ...input, death: { type: "out_of_memory", limitBytes: 1 } }
          : input,
        now,
      ),
    ),
  },
  {
    bug: "does not hear every tenth report of an end",
    promise: "P4",
    flaw: deciding((decide, state, input, now) =>
      input.type === "ended" && input.incarnation % 10 === 0 ? { events: [], effects: [] } : decide(state, input, now),
    ),
  },
  {
    bug: "acknowledges reports before they are durable",
    promise: "P4",
    flaw: {
      submit: (submit) => (input) => {
        void submit(input);
        return Promise.resolve();
      },
    },
  },
  {
    bug: "forgets how cells ended while there was no kernel",
    promise: "P4",
    flaw: { found: (of) => ({ ...of, exits: [] }) },
  },
  {
    bug: "calls starting running",
    promise: "P4",
    flaw: deciding((decide, state, input, now) => {
      const turn = decide(state, input, now);
      if (input.type !== "started") return turn;
      return onEvents(turn, (event) =>
        event.type === "service_restarted"
          ? { ...event, payload: { ...event.payload, cell: (event.payload.cell + 1) as never } }
          : event,
      );
    }),
  },
  {
    bug: "takes what runs in surviving cells for dead",
    promise: "P5",
    flaw: { found: (of) => ({ ...of, survivors: [] }) },
  },
  {
    bug: "keeps every death for ever",
    promise: "P6",
    flaw: {
      decider: {
        ...decider,
        evolve: (state, event) => {
          const services = state.tenants.get(event.tenant ?? ("" as never))?.services as
            | Map<string, Service>
            | undefined;
          const name = event.payload !== undefined && "service" in event.payload ? event.payload.service : "";
          const before = services?.get(name)?.deaths ?? [];
          decider.evolve(state, event);
          const after = services?.get(name);
          if (after === undefined || services === undefined || before.length < 10) return;
          if (after.deaths.at(-1) !== before.at(-1))
            services.set(name, { ...after, deaths: [...before, ...after.deaths.slice(-1)] });
        },
      },
    },
  },
  {
    bug: "starts a second life beside the first",
    promise: "supervision",
    flaw: deciding((decide, state, input, now) => {
      const turn = decide(state, input, now);
      const twins = turn.effects.flatMap((effect) =>
        effect.type === "start" && effect.incarnation % 3 === 0
          ? [{ ...effect, incarnation: incarnationNumber(effect.incarnation + 1_000_000) }]
          : [],
      );
      return { ...turn, effects: [...turn.effects, ...twins] };
    }),
  },
  {
    bug: "never spends the budget of restarts",
    promise: "supervision",
    flaw: deciding((decide, state, input, now) =>
      onEvents(decide(state, input, now), (event) =>
        event.type === "service_restart_scheduled" ? { ...event, payload: { ...event.payload, restarts: [] } } : event,
      ),
    ),
  },
  {
    bug: "starts what waits a second too early",
    promise: "supervision",
    flaw: deciding((decide, state, input, now) =>
      decide(state, input, input.type === "command" ? now : later(now, 1_000)),
    ),
  },
  {
    bug: "does not wake",
    promise: "liveness",
    flaw: deciding((decide, state, input, now) =>
      input.type === "woken" ? { events: [], effects: [] } : decide(state, input, now),
    ),
  },
  {
    bug: "forgets effects that its predecessor owed",
    promise: "liveness",
    flaw: deciding((decide, state, input, now) => {
      const turn = decide(state, input, now);
      return input.type === "booted" ? { ...turn, effects: [] } : turn;
    }),
  },
];

function withLog<T extends object>(log: T, changes: Partial<T>): T {
  return new Proxy(log, {
    get: (target, name) => {
      const value: unknown = Reflect.get(name in changes ? changes : target, name, target);
      return typeof value === "function" && !(name in changes) ? (value.bind(target) as unknown) : value;
    },
  });
}
