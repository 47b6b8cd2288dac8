/** Write access to the state, for `evolve` and its helpers alone: everything else sees the state read-only. */
import type { CellNumber, EventId, IncarnationNumber, RequestId, ServiceId, TenantId } from "../base/index.ts";
import type { Due, Index, Place, Remembered, Service, State, Tenant } from "./state.ts";

export interface MutableTenant extends Omit<Mutable<Tenant>, "services" | "requests"> {
  services: Map<ServiceId, Service>;
  requests: Map<RequestId, Remembered>;
}

export interface MutableIndex {
  living: Map<TenantId, Map<IncarnationNumber, Place>>;
  agenda: Due[];
  suspended: Map<string, Index["suspended"] extends ReadonlyMap<string, infer V> ? V : never>;
  recovering: Map<TenantId, number>;
  processes: Map<TenantId, number>;
}

export interface MutableState extends Omit<
  Mutable<State>,
  "tenants" | "requests" | "administered" | "retiring" | "lost" | "index"
> {
  tenants: Map<TenantId, MutableTenant>;
  requests: Map<RequestId, Remembered>;
  administered: EventId[];
  retiring: Map<TenantId, EventId>;
  lost: Set<CellNumber>;
  index: MutableIndex;
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** The only cast. Services, instances and phases stay immutable values: they are replaced, never changed. */
export const mutable = (state: State): MutableState => state as unknown as MutableState;
