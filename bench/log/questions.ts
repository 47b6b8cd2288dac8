/** What a log that has grown large is asked: as the store is, as a client asks, and as one would ask a raw table. */
import { instant } from "../../src/base/index.ts";
import type { EventQuery } from "../../src/store/index.ts";
import { otherType, rareType, tenants } from "./events.ts";

export interface Asked {
  readonly query: EventQuery;
  readonly raw: readonly [where: string, ...values: readonly (string | number)[]];
}

/** `first`: the instant of the first event; `middleMs`: how much later the one in the middle is. */
export function questions(first: number, middleMs: number, perMs: number): Readonly<Record<string, Asked>> {
  const [tenant = tenants[0]] = tenants;
  const from = instant(first + middleMs);
  const middle = middleMs * perMs;
  const newest = "ORDER BY id DESC LIMIT";
  return {
    "newest 50 of all": { query: { newestFirst: true, limit: 50 }, raw: [`${newest} 50`] },
    "newest 50 of a tenant": {
      query: { tenant, newestFirst: true, limit: 50 },
      raw: ["WHERE tenant = ? ORDER BY sequence DESC LIMIT 50", "agent_0"],
    },
    "newest 1,000 of a tenant": {
      query: { tenant, newestFirst: true, limit: 1_000 },
      raw: ["WHERE tenant = ? ORDER BY sequence DESC LIMIT 1000", "agent_0"],
    },
    "50 of a type": {
      query: { types: [rareType], newestFirst: true, limit: 50 },
      raw: [`WHERE type = ? ${newest} 50`, rareType],
    },
    "50 of two types, all there are": {
      query: { types: [rareType, otherType], newestFirst: true, limit: 50 },
      raw: [`WHERE type IN (?, ?) ${newest} 50`, rareType, otherType],
    },
    "50 of a tenant and a type": {
      query: { tenant, types: [rareType], newestFirst: true, limit: 50 },
      raw: [`WHERE tenant = ? AND type = ? ${newest} 50`, "agent_0", rareType],
    },
    "50 of a tenant's subject": {
      query: { tenant, subject: "service_0", newestFirst: true, limit: 50 },
      raw: [`WHERE tenant = ? AND subject = ? ${newest} 50`, "agent_0", "service_0"],
    },
    "50 of a subject of any tenant": {
      query: { subject: "service_0", newestFirst: true, limit: 50 },
      raw: [`WHERE subject = ? ${newest} 50`, "service_0"],
    },
    "first 50 from a time on": {
      query: { from, limit: 50 },
      raw: ["WHERE at >= ? ORDER BY at LIMIT 50", middle],
    },
    "a tenant's first 50 from a time on": {
      query: { tenant, from, limit: 50 },
      raw: ["WHERE tenant = ? AND at >= ? ORDER BY at LIMIT 50", "agent_0", middle],
    },
  };
}
