/**
 * What a kept seed is kept for, as something that can be seen in its run. A watch is made anew for each run, is told every
 * fact, and says of each whether the situation came about with it.
 */
import type { CellNumber, EventId, RequestId, TenantId } from "../base/index.ts";
import type { Event, EventType } from "../kernel/index.ts";
import type { Checker, Fact } from "./world/facts.ts";

type Situation = () => (fact: Fact) => boolean;

/** A checker of nothing, that counts. */
export function counting(name: SituationName): { readonly checker: Checker; readonly times: () => number } {
  const watch = situations[name]();
  let times = 0;
  const see = (fact: Fact): void => {
    if (watch(fact)) times += 1;
  };
  return { checker: { promise: "", see }, times: () => times };
}

type Of<T extends EventType> = Extract<Event, { readonly type: T }>;

const committed = <T extends EventType>(fact: Fact, type: T): readonly Of<T>[] =>
  fact.type === "committed" ? fact.events.filter((event): event is Of<T> => event.type === type) : [];

const happens =
  <T extends EventType>(type: T, isIt: (event: Of<T>) => boolean): Situation =>
  () =>
  (fact) =>
    committed(fact, type).some(isIt);

/** All of them; as often as the rarest. */
const together =
  (...all: readonly Situation[]): Situation =>
  () => {
    const watches = all.map((situation) => ({ watch: situation(), times: 0 }));
    let least = 0;
    return (fact) => {
      for (const one of watches) if (one.watch(fact)) one.times += 1;
      const now = Math.min(...watches.map(({ times }) => times));
      const more = now > least;
      least = now;
      return more;
    };
  };

/** A kernel replays the log over an erasure, after a request had been pushed out of memory. */
const replaysOverErasure: Situation = () => {
  let remembered: readonly RequestId[] = [];
  let [pushedOut, erased] = [false, false];
  return (fact) => {
    if (fact.type === "evolved") {
      const { requests } = fact.state;
      const forgets = fact.events.some(({ type }) => type === "payload_erased");
      if (!forgets && remembered.some((id) => !requests.has(id))) pushedOut = true;
      remembered = [...requests.keys()];
    }
    if (committed(fact, "payload_erased").length > 0) erased = true;
    return fact.type === "recovered" && pushedOut && erased;
  };
};

/** A kernel starts from a snapshot that was taken after an erasure. */
const startsAfterErasure: Situation = () => {
  let erasure = 0;
  return (fact) => {
    for (const { id } of committed(fact, "payload_erased")) erasure = id;
    return (
      fact.type === "snapshot_found" &&
      erasure > 0 &&
      (JSON.parse(fact.json) as { readonly lastEvent: EventId }).lastEvent >= erasure
    );
  };
};

const pushedOutThenSnapshot: Situation = together(replaysOverErasure, startsAfterErasure);

/** A deployment comes to nothing since its cell was lost through another. */
const deploymentLostWithCell: Situation = happens(
  "service_deployment_failed",
  ({ payload }) => payload?.death.type === "cell_lost" && payload.death.inFlight === "no",
);

/** A kernel took over before all cells had answered, and what it looked for is in none of them. */
const cellsAnswerLate: Situation = () => (fact) => fact.type === "decided" && fact.input.type === "missing";

/** A kernel takes over while a deleted tenant, whose cells may still be there, is cleared away. */
const clearsAwayAtTakeOver: Situation = () => (fact) => fact.type === "took_over" && fact.state.retiring.size > 0;
const deletedAnswersLate: Situation = together(cellsAnswerLate, clearsAwayAtTakeOver);

/** A kernel takes over with something in its cells that has not finished starting, and cells that answer late. */
const startingAtTakeOver: Situation = () => (fact) =>
  fact.type === "took_over" && fact.survivors.some(({ phase }) => phase === "starting");
const startingAnswersLate: Situation = together(cellsAnswerLate, startingAtTakeOver);

/** The end of a cell is told twice: it was recorded, and not acknowledged. */
const cellEndToldTwice: Situation = () => {
  const told = new Set<CellNumber>();
  return (fact) => {
    if (fact.type === "node_ended") told.clear();
    for (const { payload } of committed(fact, "cell_lost")) if (payload !== undefined) told.add(payload.cell);
    return fact.type === "decided" && fact.input.type === "cell_lost" && told.has(fact.input.cell);
  };
};

/** What was stopping ends with its cell. */
const stoppingEndsWithCell: Situation = happens(
  "instance_stopped",
  ({ payload }) => payload?.death.type === "cell_lost" && payload.resumes === undefined,
);

/** Some recover, and others wait for their turn. */
const recoveriesWait: Situation = () => (fact) =>
  fact.type === "evolved" && fact.state.index.suspended.size > 0 && fact.state.index.recovering.size > 0;

/** A service rests for the eighth time, of the ten that its tenant bears, or has worn that out. */
const restsAgainAndAgain: Situation = happens(
  "service_rested",
  ({ payload }) => payload !== undefined && (payload.level === "tenant" || payload.restarts.length >= 8),
);

/** A kernel dies, or the node, after a tenant was deleted and before its payloads are erased. */
const diesBeforeErasure: Situation = () => {
  const deleted = new Set<TenantId>();
  return (fact) => {
    for (const { tenant } of committed(fact, "tenant_deleted")) if (tenant !== undefined) deleted.add(tenant);
    for (const { payload } of committed(fact, "payload_erased"))
      if (payload !== undefined) deleted.delete(payload.erased);
    return fact.type === "kernel_died" && deleted.size > 0;
  };
};

/** Its first answer is given once more, though its tenant is gone. */
const deletionRepeated: Situation = () => (fact) => {
  if (fact.type !== "decided" || fact.input.type !== "command" || fact.input.command.type !== "delete_tenant")
    return false;
  const { reply } = fact.turn;
  return reply !== undefined && "repeated" in reply && reply.repeated && reply.outcome.name === "stopped";
};

/** Services were ended in order with the node, and the kernel dies before their end is durable. */
const diesBeforeEndIsRecorded: Situation = () => {
  let ending = false;
  return (fact) => {
    if (fact.type === "life_ended" && fact.death.type === "stopped" && fact.death.why === "shutdown") ending = true;
    if (fact.type === "decided" && fact.input.type === "node_stopped") ending = true;
    if (committed(fact, "system_stopped").length > 0 || fact.type === "recovered") ending = false;
    return fact.type === "kernel_died" && ending;
  };
};

const diskIsFull: Situation = () => (fact) =>
  fact.type === "kernel_died" && (fact.point.includes("the disk is full") || fact.point.includes("LOG_UNAVAILABLE"));

const clocksJumpCellsHangShutdownsAreLate: Situation = together(
  happens("clock_jumped", () => true),
  () => (fact) => fact.type === "cell_ended" && fact.loss.type === "hang",
  happens("system_stopped", ({ payload }) => payload?.outcome === "deadline"),
);

/** A kernel dies where none has died before. */
const diesAtAnotherSeam: Situation = () => {
  const seams = new Set<string>();
  return (fact) => {
    if (fact.type !== "kernel_died" || !/^(before|after) a/.test(fact.point) || seams.has(fact.point)) return false;
    seams.add(fact.point);
    return true;
  };
};

/** There had been snapshots, and a kernel finds none. */
const snapshotsAreLost: Situation = () => {
  let [before, here] = [false, false];
  return (fact) => {
    if (fact.type === "snapshot_found") [before, here] = [true, true];
    if (fact.type !== "recovered") return false;
    const lost = before && !here;
    here = false;
    return lost;
  };
};

export const situations = {
  replaysOverErasure,
  pushedOutThenSnapshot,
  deploymentLostWithCell,
  deletedAnswersLate,
  startingAnswersLate,
  cellEndToldTwice,
  stoppingEndsWithCell,
  recoveriesWait,
  restsAgainAndAgain,
  diesBeforeErasure,
  deletionRepeated,
  diesBeforeEndIsRecorded,
  diskIsFull,
  clocksJumpCellsHangShutdownsAreLate,
  diesAtAnotherSeam,
  snapshotsAreLost,
} as const;
export type SituationName = keyof typeof situations;
export const situationNames = Object.keys(situations) as readonly SituationName[];
