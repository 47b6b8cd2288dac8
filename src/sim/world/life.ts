/** One life of an incarnation in a cell, as the simulated world knows it: the truth that the log is held against. */
import type { CellNumber, Death, EventId, IncarnationNumber, ServiceId, TenantId } from "../../base/index.ts";

export interface Life {
  readonly tenant: TenantId;
  /** The event that made the tenant: names of deleted tenants are used again, and their numbers start anew. */
  readonly tenantSince: EventId;
  readonly service: ServiceId;
  readonly instance: number;
  readonly incarnation: IncarnationNumber;
  readonly cell: CellNumber;
  phase: "starting" | "running" | "stopping" | "ended";
  /** Did `init` finish? */
  ran: boolean;
  death: Death | undefined;
}

/** An incarnation of a tenant, whatever other tenants had the name before. */
export const lifeKey = (of: {
  readonly tenant: TenantId;
  readonly tenantSince: EventId;
  readonly incarnation: IncarnationNumber;
}): string => `${of.tenant}@${of.tenantSince}#${of.incarnation}`;

export const sayLife = (life: Life): string =>
  `${life.tenant}/${life.service}/${life.instance} incarnation ${life.incarnation} in cell ${life.cell}`;
