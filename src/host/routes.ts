/** The routing table: which lives of each service take messages, and over which cell's link. */
import type { IncarnationNumber, ServiceId, TenantId } from "../base/index.ts";
import type { Held } from "./cell.ts";
import type { CellLink } from "./cell-link.ts";

export interface Target {
  readonly held: Held;
  readonly link: CellLink;
}

interface Route {
  readonly targets: Target[];
  next: number;
}

interface At {
  readonly tenant: TenantId;
  readonly service: ServiceId;
}

export class Routes {
  readonly #byTenant = new Map<TenantId, Map<ServiceId, Route>>();

  /** False: it is there already. */
  add(tenant: TenantId, target: Target): boolean {
    const { service, incarnation } = target.held;
    if (this.find({ tenant, service }, incarnation) !== undefined) return false;
    const own = this.#byTenant.get(tenant) ?? new Map<ServiceId, Route>();
    this.#byTenant.set(tenant, own);
    const route = own.get(service) ?? { targets: [], next: 0 };
    own.set(service, route);
    route.targets.push(target);
    return true;
  }

  remove({ tenant, service }: At, incarnation: IncarnationNumber): void {
    const own = this.#byTenant.get(tenant);
    const route = own?.get(service);
    const at = route?.targets.findIndex(({ held }) => held.incarnation === incarnation) ?? -1;
    if (route !== undefined && at >= 0) route.targets.splice(at, 1);
    if (route?.targets.length === 0) own?.delete(service);
    if (own?.size === 0) this.#byTenant.delete(tenant);
  }

  find({ tenant, service }: At, incarnation: IncarnationNumber): Target | undefined {
    const route = this.#byTenant.get(tenant)?.get(service);
    return route?.targets.find(({ held }) => held.incarnation === incarnation);
  }

  /** Every life of the service. */
  all({ tenant, service }: At): readonly Target[] {
    return this.#byTenant.get(tenant)?.get(service)?.targets ?? [];
  }

  /** A life of the service, in turn; rather one that is none of those who wait. */
  pick({ tenant, service }: At, waiting: readonly IncarnationNumber[]): Target | undefined {
    const route = this.#byTenant.get(tenant)?.get(service);
    if (route === undefined) return undefined;
    const { targets } = route;
    for (let tried = 0; tried < targets.length; tried++) {
      route.next = (route.next + 1) % targets.length;
      const target = targets[route.next];
      if (target !== undefined && !waiting.includes(target.held.incarnation)) return target;
    }
    return targets[route.next];
  }
}
