/**
 * Classes of attack, each by a few services of one tenant and a client of theirs that keeps them at it. All of it is what any tenant
 * may do; where a life of a service ends by it, the client starts the next.
 */
import { setTimeout as wait } from "node:timers/promises";
import { RestartType } from "../../src/api/index.ts";
import type { SoloClient } from "../../src/client/index.ts";
import { service } from "../../test/e2e/asking.ts";
import { call } from "../../test/e2e/solo.ts";

/** One of the attacking services, as its client speaks to it. */
export interface Attacker {
  readonly client: SoloClient;
  readonly serviceId: string;
}

export interface Disturbance {
  readonly name: string;
  readonly services: number;
  /** What comes before: one of the services is deployed, unless `drive` does that. */
  readonly deploy: (attacker: Attacker) => Promise<unknown>;
  /** Called again and again for each of the services; what is refused is tried again. */
  readonly drive: (attacker: Attacker, n: number) => Promise<unknown>;
}

const spinning = service(`
  quick() { return 1; }
  spin(ms) { const until = Date.now() + ms; while (Date.now() < until); return ms; }`);

const spin = (attacker: Attacker, ms: number): Promise<unknown> =>
  call(attacker.client, attacker.serviceId, "spin", [ms], { timeoutMs: 60_000 });

const bombs = service(`
  explode() { const all = []; for (;;) all.push(new Array(100_000).fill(all.length)); }`);

const natives = service(`
  regex() { return /^(a+)+$/.test("a".repeat(64) + "b"); }
  arrays() { for (;;) [...Array(40)]; }
  search() { return Array.prototype.indexOf.call({ length: 2 ** 53 - 1 }, 1); }`);

const buffers = service(`kept = [];
  take() { for (;;) this.kept.push(new Uint8Array(16 * 1024 * 1024).fill(1)); }`);

/** For so long it does nothing else; then whoever waits has a turn, as its CPU limit wants it. */
const floodMs = 200;
const floods = service(`
  onMessage() {}
  async messages(ms) {
    const [neighbour, nobody] = [await this.lookup("neighbour"), await this.lookup("nobody")];
    for (const until = Date.now() + ms; Date.now() < until;) {
      for (let i = 0; i < 100; i++) {
        for (const to of [neighbour, nobody]) try { to.cast.add(0); } catch { /* refused: the next one, then */ }
        try { this.send(this.self, i); } catch { /* the same */ }
      }
      await Promise.allSettled([nobody.call.x(), nobody.call.x()]);
    }
  }
  lines(ms) { for (const until = Date.now() + ms; Date.now() < until;) this.log.info("x".repeat(1_000)); }`);

const crashing = service(`init() { setTimeout(() => { throw new Error("again"); }, 1); }`);

/** The service dies of it, and is deployed again for the next time. */
async function fatally({ client, serviceId }: Attacker, code: Buffer, method: string, most = 0): Promise<void> {
  const request = { serviceId, code, restart: RestartType.TEMPORARY };
  const resourceLimits = { maxMemoryBytes: BigInt(most) };
  await client.deploy(most === 0 ? request : { ...request, resourceLimits }).catch(() => undefined);
  await call(client, serviceId, method, [], { timeoutMs: 60_000 });
}

const plain =
  (code: Buffer) =>
  (attacker: Attacker): Promise<unknown> =>
    attacker.client.deploy({ serviceId: attacker.serviceId, code });

const flood =
  (method: "messages" | "lines") =>
  (attacker: Attacker): Promise<unknown> =>
    call(attacker.client, attacker.serviceId, method, [floodMs], { timeoutMs: 60_000 });

async function again({ client, serviceId }: Attacker, code: Buffer): Promise<void> {
  await client.deploy({ serviceId, code });
  await client.kill({ serviceId, force: true });
}

export const disturbances: readonly Disturbance[] = [
  {
    // Quick until it is trusted with the cell's own thread, then slow there: each time it is trusted later.
    name: "CPU loop inline",
    services: 8,
    deploy: plain(spinning),
    drive: async (attacker) => {
      for (let n = 0; n < 30; n++) await call(attacker.client, attacker.serviceId, "quick");
      await spin(attacker, 900);
    },
  },
  {
    name: "CPU loop threaded",
    services: 8,
    deploy: ({ client, serviceId }) =>
      client.deploy({ serviceId, code: spinning, resourceLimits: { cpuTimeMs: 60_000 } }),
    drive: (attacker) => spin(attacker, 1_000),
  },
  {
    name: "memory bomb",
    services: 4,
    deploy: () => Promise.resolve(),
    drive: (attacker) => fatally(attacker, bombs, "explode"),
  },
  {
    // Outside of what the engine's heap limit stops in time: until the process has more than a cell may.
    name: "buffers until the cell is out of memory",
    services: 2,
    deploy: () => Promise.resolve(),
    drive: (attacker) => fatally(attacker, buffers, "take", 8 * 1024 ** 3),
  },
  {
    name: "endless natives that can be interrupted",
    services: 4,
    deploy: () => Promise.resolve(),
    drive: (attacker, n) => fatally(attacker, natives, n % 2 === 0 ? "regex" : "arrays"),
  },
  {
    // No timeout of the engine's reaches into them.
    name: "endless natives that cannot",
    services: 2,
    deploy: () => Promise.resolve(),
    drive: (attacker) => fatally(attacker, natives, "search"),
  },
  { name: "message flood", services: 4, deploy: plain(floods), drive: flood("messages") },
  { name: "log flood", services: 4, deploy: plain(floods), drive: flood("lines") },
  {
    name: "deploy storm",
    services: 8,
    deploy: () => Promise.resolve(),
    drive: (attacker, n) => again(attacker, Buffer.from(`${spinning.toString("utf8")}// ${n}\n`)),
  },
  {
    name: "crash loop",
    services: 8,
    deploy: plain(crashing),
    drive: async (attacker) => {
      // Time for the restarts that it has before it must rest.
      await wait(300);
      await attacker.client.kill({ serviceId: attacker.serviceId, force: true });
      await attacker.client.deploy({ serviceId: attacker.serviceId, code: crashing });
    },
  },
];
