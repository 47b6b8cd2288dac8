/**
 * A service of our own, which starts, answers and ends before any tenant is there. In the image's making it tells the engine
 * what of the prelude every service compiles; in a cell that waits for its tenant it runs the code that the tenant's
 * first service would otherwise be the first to run.
 */
import { incarnationNumber, insist, parseServiceId, resourceLimitsDefault } from "../base/index.ts";
import { toGuest } from "../wire/index.ts";
import { Call } from "./call.ts";
import type { Crossing, Guest } from "./engine.ts";
import { FlightRecorder } from "./flight-recorder.ts";
import type { Birth } from "./birth.ts";
import type { House } from "./house.ts";
import { nobody } from "./message.ts";
import { Incarnation } from "./incarnation.ts";
import { configurationOf } from "./sayings.ts";

const code = `import { Service } from "solo:service";
export default class Rehearsal extends Service { init() { return {}; } echo(n) { return n; } }`;

const call = { kind: toGuest.call, a: "echo", b: "[1]", c: "client" } as const;

/** Enough for the service to be promoted, so that both lanes are run. */
const calls = 40;

function birth(): Birth {
  const service = parseServiceId("rehearsal");
  insist(service !== undefined, "a service's name");
  return {
    service,
    instance: 1,
    incarnation: incarnationNumber(1),
    release: "",
    limits: resourceLimitsDefault,
    environment: {},
    logLevel: "INFO",
    probation: false,
  };
}

/** What a guest is given, turn by turn. */
export interface Script {
  readonly code: string;
  readonly turns: readonly (readonly Crossing[])[];
}

export const script = (): Script => ({
  code,
  turns: [
    [1, toGuest.init, JSON.stringify(configurationOf(birth())), undefined, undefined],
    [1, call.kind, call.a, call.b, call.c],
  ],
});

/** Nobody hears of it. Resolves when it has ended. */
export async function rehearse(guest: Guest, house: House): Promise<void> {
  const begun = Promise.withResolvers<void>();
  const incarnation = new Incarnation(birth(), guest, {
    ...house,
    log: () => undefined,
    recorder: new FlightRecorder(undefined, 0),
    stirred: () => undefined,
    started: () => begun.resolve(),
    ended: () => begun.resolve(),
  });
  void incarnation.start(code);
  await begun.promise;
  for (let i = 0; i < calls && incarnation.open; i++) {
    await new Promise<void>((resolve) => {
      const settled = new Call(() => resolve());
      if (!incarnation.receive({ ...call, call: settled, chain: nobody })) resolve();
    });
  }
  incarnation.end({ type: "stopped", why: "shutdown" });
}
