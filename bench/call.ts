/** Calls of a whole Solo: of a client, beside a bare grpc-js echo; and between services, within a cell and across cells. */
import { clientRows } from "./call/client.ts";
import { serviceRows } from "./call/services.ts";
import { roomy, Solo } from "../test/e2e/solo.ts";
import type { Benchmark } from "./lib/report.ts";

export const call: Benchmark = {
  name: "call",
  measures:
    "client → service: mutual TLS gRPC, kernel, cell, isolate, and back; and service → service, by cell and kernel",
  run: async () => {
    await using solo = await Solo.start({ config: roomy });
    return [...(await clientRows(solo)), ...(await serviceRows(solo))];
  },
};
