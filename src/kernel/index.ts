/**
 * kernel: DECIDES. `decide(state, input, now)` is pure and says what happens; `evolve(state, event)` is total and alone
 * changes the state; replaying the log through `evolve` rebuilds it. No clock, no randomness, no I/O.
 * Keeps P3 (nothing is believed that the log does not hold) and P4 (every end has its reason).
 */
export { decide } from "./decide.ts";
export * from "./defaults.ts";
export * from "./event.ts";
export { evolve, initialState } from "./evolve.ts";
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
export { fromSnapshot, type Snapshot, toSnapshot } from "./snapshot.ts";
export * from "./state.ts";
export { type InstanceView, type ServiceView, type TenantView, toTenantView } from "./tenant-view.ts";
export * from "./turn.ts";
export { upcast } from "./upcast.ts";
