/**
 * service → service. Within a cell, the cell carries the message; between two cells of a tenant, the kernel's router does, beside
 * a bare relay between two Unix sockets. A tenant's services of the system tier live in a cell of their own: that is how one
 * has two cells here.
 */
import { ServiceTier } from "../../src/api/index.ts";
import { service } from "../../test/e2e/asking.ts";
import { call, type Solo } from "../../test/e2e/solo.ts";
import { sideBySide } from "../lib/measure.ts";
import type { Row } from "../lib/report.ts";
import { setting } from "../lib/settings.ts";
import { caller } from "./caller.ts";
import { type Ask, hopRows } from "./hops.ts";

const runs = setting("SOLO_BENCH_CALLS", 5_000);

const target = service("n = 0; add(n) { return (this.n += n); }");

export async function serviceRows(solo: Solo): Promise<readonly Row[]> {
  const admin = await solo.client("admin");
  await admin.deploy({ serviceId: "caller", code: service(caller) });
  await admin.deploy({ serviceId: "beside", code: target });
  await admin.deploy({ serviceId: "elsewhere", code: target, tier: ServiceTier.SYSTEM });
  // Until all of them are in the inline lane.
  for (let n = 0; n < 50; n++) {
    for (const serviceId of ["beside", "elsewhere"]) await call(admin, serviceId, "add", [1]);
    await call(admin, "caller", "ping");
  }
  const { direct, inCell, acrossCells } = await sideBySide(Math.ceil(runs / 5), {
    direct: () => call(admin, "beside", "add", [1]),
    inCell: () => call(admin, "caller", "through", ["beside"]),
    acrossCells: () => call(admin, "caller", "through", ["elsewhere"]),
  });
  const peer = { what: "the called one, called by the client, p50", value: direct.p50 };
  const ask: Ask = async (method, ...args) => (await call(admin, "caller", method, args)) as number;
  return [
    { what: "Call of a service that calls one of its cell", unit: "ms", figures: inCell, peer },
    { what: "Call of a service that calls one of another cell", unit: "ms", figures: acrossCells, peer },
    ...(await hopRows(ask)),
  ];
}
