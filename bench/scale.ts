/**
 * Many live services: how long it takes to deploy them, what they hold, what a deployment and a call cost beside them, and how the
 * node comes back with all of them. First some, then five times as many, each in a Solo of its own; and what is done about a cell
 * that comes near the memory maps that Linux allows a process.
 */
import type { Benchmark } from "./lib/report.ts";
import { setting } from "./lib/settings.ts";
import { manyRows } from "./scale/many.ts";
import { mapsRows } from "./scale/maps.ts";

const services = setting("SOLO_BENCH_SERVICES", 1_000);

export const scale: Benchmark = {
  name: "scale",
  measures: `a Solo with ${services} and with ${5 * services} live services, spread over ten tenants`,
  run: async () => [...(await manyRows(services)), ...(await manyRows(5 * services)), ...(await mapsRows())],
};
