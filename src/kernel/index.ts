/**
 * kernel: DECIDES. `decide(state, input, now)` is pure and says what happens; `evolve(state, event)` is total and alone
 * changes the state; replaying the log through `evolve` rebuilds it. No clock, no randomness, no I/O: what runs the decider
 * (loop/) is handed them.
 * Keeps P3 (nothing is believed that the log does not hold) and P4 (every end has its reason).
 */
export { decide } from "./decide.ts";
export {
  abridgedDeath,
  blamelessWait,
  intensityMax,
  lostCellsKeptMax,
  recoveriesMax,
  recoveriesPerTenantMax,
  serviceSupervisionDefault,
  shedWaitMs,
  startsPerTurnMax,
  systemSupervisionDefault,
  tenantRestMs,
  tenantSupervision,
} from "./defaults.ts";
export {
  type Born,
  type Event,
  type EventType,
  eventVersions,
  type NewEvent,
  type Observation,
  type Payloads,
  type Release,
  type RequestMark,
  type SharedResource,
  sharedResources,
} from "./event.ts";
export { evolve, initialState } from "./evolve.ts";
export { Clock, type ClockSources, type Jump } from "./loop/clock.ts";
export { current, recover, type Recovered, type RecoveryLog } from "./loop/recover.ts";
export { type Patience, Settling, type SettlingPowers } from "./loop/settling.ts";
export {
  type Found,
  heldIn,
  type Resident,
  takeOver,
  type TakeOver,
  type Unplaced,
  unplacedIn,
} from "./loop/take-over.ts";
export { type Decider, decider, type TurnLog, Turns, type TurnsPowers } from "./loop/turns.ts";
export { type Header, place } from "./place.ts";
export {
  findIncarnation,
  findService,
  findTenant,
  incarnationsRunning,
  type InstanceStatus,
  nextWake,
  outcomeOf,
  type RunningIncarnation,
  servicesInStartOrder,
  type ServiceStatus,
  serviceStatus,
  type StatusName,
  statusName,
} from "./read.ts";
export { isStopped, living } from "./service/life.ts";
export { isBlameless } from "./service/supervise.ts";
export { fromSnapshot, type Snapshot, toSnapshot } from "./snapshot.ts";
export {
  type Due,
  evolveVersion,
  type Index,
  type Instance,
  type Outcome,
  type PastDeath,
  type Phase,
  type Place,
  type Remembered,
  type Resting,
  type Service,
  type State,
  type Tenant,
  type Waiting,
} from "./state.ts";
export { type InstanceView, type ServiceView, type TenantView, toTenantView } from "./tenant-view.ts";
export {
  type CellVictim,
  type Command,
  type CommandInput,
  type Effect,
  type Input,
  nothingHappened,
  type Principal,
  principalName,
  type Quota,
  type Reply,
  type Survivor,
  type Turn,
} from "./turn.ts";
export { upcast } from "./upcast.ts";
