/**
 * The golden logs: histories with every type of event, as the format of their time wrote it. Old logs replay for ever, so a
 * file is never changed; when a format changes or a type is added, a further file joins them: a history in golden.testing.ts, then
 *
 *   UPDATE_GOLDEN=1 bin/node26 --test src/kernel/golden.test.ts
 *
 * which writes files that are not there yet, and no other; then its digest, which the test names.
 */
import assert from "node:assert/strict";
import { hash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import process from "node:process";
import { test } from "node:test";
import { deathKinds, lossKinds } from "../../test/arbitraries/base.ts";
import { type Death, defined, isRefusal } from "../base/index.ts";
import { type Event, type EventType, eventVersions, type Payloads, type Release } from "./event.ts";
import { evolve, initialState } from "./evolve.ts";
import {
  asToday,
  beforeDeletions,
  deathsHistory,
  endingsHistory,
  firstHistory,
  repetitionsHistory,
  resourcesHistory,
  shutdownsHistory,
  withoutRoom,
} from "./golden.testing.ts";
import { toSnapshot } from "./snapshot.ts";
import { evolveVersion } from "./state.ts";
import { upcast } from "./upcast.ts";
import type { World } from "./world.ts";

const json = (value: unknown): unknown => JSON.parse(JSON.stringify(value));

interface Golden {
  readonly file: string;
  /** Of what is in the file, however it is laid out. It was published: a file that has another is not that file. */
  readonly digest: string;
  readonly history: () => World;
  /** How its time put it. */
  readonly words: (events: readonly Event[]) => readonly unknown[];
}

const goldens: readonly Golden[] = [
  {
    file: "log-1.json",
    digest: "89c14dfcdb2352bd01e645d2c68e606262262a0d5c86cbef6c4eca1bdac804e3",
    history: firstHistory,
    words: beforeDeletions,
  },
  {
    file: "log-2.json",
    digest: "d69c256dd8893c9adf3fd6e1111a5ca9df09e6bd1e45d11fdd7e00d853f5687a",
    history: resourcesHistory,
    words: asToday,
  },
  {
    file: "log-3.json",
    digest: "8bbc4cca3e830a866a5044ef38ef2050edfbe62cf6f9db1f50f42caec71ded5c",
    history: endingsHistory,
    words: asToday,
  },
  {
    file: "log-4.json",
    digest: "e5e1feee7d2b16693e4e9058cd141b07f76c39e8fc5d3120377b73a713216b4d",
    history: repetitionsHistory,
    words: asToday,
  },
  {
    file: "log-5.json",
    digest: "e89293affd44ef85a5bd0dcfc5ecf5ccca1c7e3ae2f93b1a372f27c749143230",
    history: shutdownsHistory,
    words: asToday,
  },
  {
    file: "log-6.json",
    digest: "ebd6f61f4dbfa6888f628a1fcdc168bb4e48bc509cb0ef1c5653c0452eebc4e5",
    history: deathsHistory,
    words: withoutRoom,
  },
];

const folder = new URL("golden/", import.meta.url);

/** What a log comes to, as a snapshot; but for the parts that the first snapshots did not have. */
function stateOf(events: readonly Event[]): Readonly<Record<string, unknown>> {
  const state = initialState();
  for (const event of events) {
    const current = upcast(event);
    assert.ok(!isRefusal(current));
    evolve(state, current);
  }
  const { administered: _, lost: _1, ...snapshot } = toSnapshot(state);
  return json(snapshot) as Readonly<Record<string, unknown>>;
}

for (const { file, history, words } of goldens) {
  const at = new URL(file, folder);
  if (process.env["UPDATE_GOLDEN"] !== "1" || existsSync(at)) continue;
  const events = json(words(history().events)) as readonly Event[];
  writeFileSync(at, `${JSON.stringify({ events, state: stateOf(events) }, undefined, 2)}\n`);
}

interface Kept {
  readonly events: readonly Event[];
  readonly state: Readonly<Record<string, unknown>>;
}
const kept: ReadonlyMap<string, Kept> = new Map(
  goldens.map(({ file }) => [file, JSON.parse(readFileSync(new URL(file, folder), "utf8")) as Kept]),
);
const golden = (file: string): Kept => defined(kept.get(file), file);
const allEvents: readonly Event[] = [...kept.values()].flatMap(({ events }) => events);

test("every file among the golden logs is one of them, and is what it was when it was written", () => {
  assert.deepEqual(
    readdirSync(folder).toSorted(),
    goldens.map(({ file }) => file),
  );
  for (const { file, digest } of goldens) {
    assert.equal(
      hash("sha256", JSON.stringify(golden(file))),
      digest,
      `${file}: logs like it are on disks, and replay for ever. If evolve or a format changes, write a further log`,
    );
  }
});

test("the golden logs have every type of event", () => {
  const types = new Set(allEvents.map(({ type }) => type));
  assert.deepEqual(
    Object.keys(eventVersions).filter((type) => !types.has(type as EventType)),
    [],
  );
});

/** All of these that stand anywhere in the golden logs. */
function* each(value: unknown, key = ""): Generator<{ readonly key: string; readonly value: unknown }> {
  yield { key, value };
  if (typeof value !== "object" || value === null) return;
  for (const [name, inner] of Object.entries(value) as readonly [string, unknown][])
    yield* each(inner, Array.isArray(value) ? key : name);
}

test("the golden logs have every death, and every loss of a cell", () => {
  const found = { death: new Set<string>(), loss: new Set<string>() };
  for (const { key, value } of each(allEvents.map(({ payload }) => payload))) {
    if (key === "death" || key === "loss") found[key].add((value as { readonly type: string }).type);
  }
  assert.deepEqual([...found.death].toSorted(), deathKinds.toSorted());
  assert.deepEqual([...found.loss].toSorted(), lossKinds.toSorted());
});

type OptionalOf<T> = { [K in keyof T]-?: Record<never, never> extends Pick<T, K> ? K : never }[keyof T];

/** What an event may have and need not: all of it, or this does not compile. */
const spare: { readonly [T in EventType]: Readonly<Record<OptionalOf<Payloads[T]>, true>> } = {
  kernel_started: {},
  system_stopped: { misfits: true },
  shutdown_requested: {},
  clock_jumped: {},
  tenant_created: { request: true },
  tenant_deletion_requested: { request: true },
  tenant_deletion_noted: {},
  tenant_deleted: {},
  payload_erased: { deletion: true },
  certificate_issued: { request: true },
  deployment_requested: { forgets: true, request: true },
  service_deployed: {},
  instance_started: {},
  service_deployment_failed: {},
  service_kill_requested: { request: true },
  service_kill_noted: {},
  service_killed: {},
  instance_stopped: { resumes: true },
  service_crashed: {},
  service_restart_scheduled: {},
  service_restarting: {},
  service_restarted: {},
  service_rested: {},
  cell_lost: {},
  resource_violation: {},
  circuit_breaker_opened: {},
  circuit_breaker_closed: {},
  pressure_rose: { cell: true },
  pressure_fell: { cell: true },
};

type CellLost = Extract<Death, { readonly type: "cell_lost" }>;
type WordsOf<T extends string> = Readonly<Record<T, true>>;
type Words = {
  readonly [K in "format" | "restart" | "tier" | "logLevel"]: WordsOf<Release[K]>;
} & {
  readonly strategy: WordsOf<Release["supervision"]["strategy"]>;
  readonly inFlight: WordsOf<CellLost["inFlight"]>;
  readonly suspect: WordsOf<NonNullable<CellLost["suspect"]>>;
};

/** What a release, or a death, says in one word of several. */
const choices: Words = {
  format: { typescript: true, javascript: true },
  restart: { permanent: true, transient: true, temporary: true },
  tier: { user: true, system: true },
  logLevel: { ERROR: true, WARN: true, INFO: true, DEBUG: true },
  strategy: { one_for_one: true, one_for_all: true, rest_for_one: true },
  inFlight: { yes: true, no: true },
  suspect: { first: true, again: true },
};

test("the golden logs have every field that an event may have, and every word that it may use", () => {
  for (const [type, names] of Object.entries(spare)) {
    const payloads = allEvents.filter((event) => event.type === type).map(({ payload }) => payload ?? {});
    for (const name of Object.keys(names)) {
      assert.ok(
        payloads.some((payload) => Object.hasOwn(payload, name)),
        `${type}.${name}`,
      );
    }
  }
  const said = new Map<string, Set<string>>();
  const names = new Set<string>();
  for (const { key, value } of each(allEvents.map(({ payload }) => payload))) {
    names.add(key);
    if (!Object.hasOwn(choices, key)) continue;
    said.set(key, (said.get(key) ?? new Set()).add(String(value)));
  }
  for (const [key, all] of Object.entries(choices)) {
    assert.deepEqual([...(said.get(key) ?? [])].toSorted(), Object.keys(all).toSorted(), key);
  }
  for (const name of ["environment", "lastWords", "culprit", "method"]) assert.ok(names.has(name), name);
});

for (const { file, history, words } of goldens) {
  test(`the golden ${file} replays to the state that it made`, () => {
    const { events, state } = golden(file);
    // Of a snapshot's own format the number tells, which grows.
    assert.deepEqual(stateOf(events), { ...state, evolveVersion });
  });

  test(`the history of ${file} is written in the same words today`, () => {
    assert.deepEqual(json(words(history().events)), golden(file).events);
  });
}
