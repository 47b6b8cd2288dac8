/** client → service Call and Cast over mutual TLS gRPC, beside a bare grpc-js echo with the same messages and certificates. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { connect, connectionOf, loadProfile } from "../../src/client/index.ts";
import { example, type Solo } from "../../test/e2e/solo.ts";
import { inParallel, oneByOne } from "../lib/measure.ts";
import type { Row } from "../lib/report.ts";
import { setting } from "../lib/settings.ts";

const echoEntry = fileURLToPath(new URL("../peers/echo.ts", import.meta.url));
const runs = setting("SOLO_BENCH_CALLS", 5_000);
const warmUp = Math.ceil(runs / 2.5);

export async function clientRows(solo: Solo): Promise<readonly Row[]> {
  const client = await solo.client("default");
  await client.deploy({ serviceId: "counter", code: await example("counter") });
  const echo = spawn(process.execPath, [echoEntry, solo.certs], { stdio: ["pipe", "pipe", "inherit"] });
  try {
    const [port] = await Promise.race([
      once(createInterface(echo.stdout), "line") as Promise<[string]>,
      once(echo, "exit").then(([code]) => Promise.reject(new Error(`the peer ended with ${String(code)}`))),
    ]);
    const profile = connectionOf(loadProfile(join(solo.dataDir, "profile.json")), "default");
    using bare = connect({ ...profile, address: `127.0.0.1:${port}` });
    const request = { serviceId: "counter", method: "add", args: Buffer.from("[1]") };
    const ways = [
      {
        name: "Call",
        names: "Calls",
        goal: "p50 ≤ 0.6",
        own: () => client.call(request),
        peer: () => bare.call(request),
      },
      // Answered when the service's cell has it: handled or not.
      { name: "Cast", names: "Casts", own: () => client.cast(request), peer: () => bare.cast(request) },
    ];
    const rows: Row[] = [];
    for (const way of ways) rows.push(...(await rowsOf(way)));
    return rows;
  } finally {
    echo.stdin.end();
    if (echo.exitCode === null) await once(echo, "close");
  }
}

interface Way {
  readonly name: string;
  readonly names: string;
  /** One at a time. */
  readonly goal?: string;
  readonly own: () => Promise<unknown>;
  readonly peer: () => Promise<unknown>;
}

async function rowsOf({ name, names, goal, own: ofSolo, peer: ofEcho }: Way): Promise<readonly Row[]> {
  await oneByOne(warmUp, ofSolo);
  await oneByOne(warmUp, ofEcho);
  const rows: Row[] = [];
  for (const inFlight of [1, 16, 64]) {
    const times = inFlight === 1 ? runs : runs * 2;
    const peer = await inParallel(inFlight, times, ofEcho);
    const own = await inParallel(inFlight, times, ofSolo);
    rows.push(
      {
        what: `${name}, ${inFlight} in flight`,
        unit: "ms",
        figures: own.figures,
        peer: { what: "bare grpc-js echo p50", value: peer.figures.p50 },
        ...(inFlight === 1 && goal !== undefined ? { goal } : {}),
      },
      {
        what: `${names} per second, ${inFlight} in flight`,
        unit: "per s",
        figures: { value: own.perSecond },
        peer: { what: "bare grpc-js echo", value: peer.perSecond },
      },
    );
  }
  return rows;
}
