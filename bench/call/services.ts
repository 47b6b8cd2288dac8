/**
 * service → service. Within a cell, the cell carries the message; between two cells of a tenant, the kernel's router does, beside
 * a bare relay between two Unix sockets. A tenant's services of the system tier live in a cell of their own: that is how one
 * has two cells here.
 */
import { ServiceTier } from "../../src/api/index.ts";
import { encodeFrame } from "../../src/wire/index.ts";
import { service } from "../../test/e2e/asking.ts";
import { call, type Solo } from "../../test/e2e/solo.ts";
import { inParallel, inTurns, round, sideBySide } from "../lib/measure.ts";
import type { Row } from "../lib/report.ts";
import { setting } from "../lib/settings.ts";
import { UnixEcho } from "../lib/unix-echo.ts";

const runs = setting("SOLO_BENCH_CALLS", 5_000);
const rounds = 9;
/** Calls that a caller makes for one message: few enough to be a short turn within a cell. */
const callsPerMessage = 200;

const target = service("n = 0; add(n) { return (this.n += n); }");
const caller = service(`
  ping() { return 1; }
  async through(to) { return (await this.lookup(to)).call.add(1); }
  async repeat(to, count, inFlight) {
    const { call } = await this.lookup(to);
    const from = Date.now();
    let left = count;
    const loop = async () => { while (left-- > 0) await call.add(1); };
    await Promise.all(Array.from({ length: inFlight }, loop));
    return Date.now() - from;
  }`);

/** Frames of the sizes that a call between cells and its answer have, on the way to the kernel. */
const sizes = {
  requestBytes: encodeFrame(
    { type: "call", id: 1_000, caller: 3, service: "elsewhere", method: "add", timeoutMs: 5_000, chain: [3] },
    Buffer.from("[1]"),
  ).length,
  responseBytes: encodeFrame({ type: "answer", id: 1_000 }, Buffer.from("1000")).length,
};

export async function serviceRows(solo: Solo): Promise<readonly Row[]> {
  const admin = await solo.client("admin");
  await admin.deploy({ serviceId: "caller", code: caller });
  await admin.deploy({ serviceId: "beside", code: target });
  await admin.deploy({ serviceId: "elsewhere", code: target, tier: ServiceTier.SYSTEM });
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
  return [
    { what: "Call of a service that calls one of its cell", unit: "ms", figures: inCell, peer },
    { what: "Call of a service that calls one of another cell", unit: "ms", figures: acrossCells, peer },
    ...(await hops(async (to, inFlight) => {
      const ms = (await call(admin, "caller", "repeat", [to, callsPerMessage, inFlight])) as number;
      return ms / callsPerMessage;
    })),
  ];
}

/** Of the calls alone, as the caller's clock has it. */
async function hops(repeat: (to: string, inFlight: number) => Promise<number>): Promise<readonly Row[]> {
  // Its clock ticks in whole milliseconds, and many of them average that out.
  const many = (to: string, inFlight: number) => async (): Promise<number> => {
    let ms = 0;
    for (let n = 0; n < 20; n++) ms += await repeat(to, inFlight);
    return (ms / 20) * 1_000;
  };
  await using relay = await UnixEcho.start(sizes, 1);
  const relayed = (inFlight: number) => async (): Promise<number> =>
    ((await inParallel(inFlight, 2_000, () => relay.ask())).tookMs / 2_000) * 1_000;
  const rows: Row[] = [];
  for (const inFlight of [1, 16, 64]) {
    const found = await inTurns(rounds, {
      beside: many("beside", inFlight),
      elsewhere: many("elsewhere", inFlight),
      relayed: relayed(inFlight),
    });
    const how = inFlight === 1 ? "one at a time" : `${inFlight} in flight, each`;
    rows.push(
      { what: `service → service of its cell, ${how}`, unit: "µs", figures: { value: round(found.beside) } },
      {
        what: `service → service of another cell, ${how}`,
        unit: "µs",
        figures: { value: round(found.elsewhere) },
        peer: { what: "bare relay between Unix sockets", value: round(found.relayed) },
      },
    );
  }
  return rows;
}
