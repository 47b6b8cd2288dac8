/** The cell alone, over its socket: the engine without gRPC, kernel and log. */
import { memoryRows } from "./cell/memory.ts";
import { messageRows } from "./cell/messages.ts";
import { startRows } from "./cell/starts.ts";
import { genServer } from "./lib/elixir.ts";
import type { Benchmark } from "./lib/report.ts";

export const cell: Benchmark = {
  name: "cell",
  measures: "one cell process over its socket: no gRPC, no kernel, no log",
  run: async () => {
    const beam = genServer();
    return [...(await messageRows(beam)), ...(await startRows(beam)), ...(await memoryRows())];
  },
};
