/**
 * The one who must not notice: a client of another tenant, with a service of its own, that goes on calling while somebody
 * misbehaves; and an eye on the kernel's process, its memory and its log.
 */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { setTimeout as wait } from "node:timers/promises";
import type { SoloClient } from "../../src/client/index.ts";
import { call, example, type Solo, until } from "../e2e/solo.ts";

/** A neighbour's call may be slower while the machine is busy with something else; only a hang takes this long. */
const callMsMax = 5_000;
const pauseMs = 10;
/** What the kernel may keep of the pages that a misdeed made it use: far less than the misdeed would take without a bound. */
const kernelGrowthMiBMax = 300;

export class Witness {
  readonly #solo: Solo;
  readonly #client: SoloClient;
  readonly #kernel: number;
  readonly #pid: string;
  readonly #kernelMiB: number;
  #expected = 0;
  #slowestMs = 0;

  private constructor(solo: Solo, client: SoloClient, pid: string) {
    this.#solo = solo;
    this.#client = client;
    this.#pid = pid;
    this.#kernel = solo.kernelPid();
    this.#kernelMiB = this.kernelMiB();
  }

  static async of(solo: Solo): Promise<Witness> {
    const client = await solo.tenant("witness");
    const { pid } = await client.deploy({ serviceId: "counter", code: await example("counter") });
    return new Witness(solo, client, pid);
  }

  /** Calls on while `misdeed` goes on; fails if a call fails, takes too long or is answered wrongly. */
  async during<T>(misdeed: () => Promise<T>): Promise<T> {
    let over = false;
    const calling = (async () => {
      while (!over) {
        await this.#callOnce();
        await wait(pauseMs);
      }
    })();
    // Both are awaited: a misdeed that fails must not leave the caller running.
    const [result, called] = await Promise.allSettled([misdeed().finally(() => (over = true)), calling]);
    if (called.status === "rejected") throw called.reason;
    if (result.status === "rejected") throw result.reason;
    await this.#callOnce();
    this.expectUnharmed();
    return result.value;
  }

  /** The same kernel, without a bug met, and the same life of the neighbour's service. */
  expectUnharmed(): void {
    assert.equal(this.#solo.kernelPid(), this.#kernel, "the kernel is the one that it was");
    assert.doesNotMatch(this.#solo.processLog, /^incident /m, "the kernel met no bug");
    assert.doesNotMatch(this.#solo.processLog, /Unhandled|Uncaught/i);
  }

  /** The kernel's resident memory is little more than it was: when the witness came, unless another figure is given. */
  expectNoLarger(beforeMiB = this.#kernelMiB, growthMiBMax = kernelGrowthMiBMax): void {
    const grown = this.kernelMiB() - beforeMiB;
    assert.ok(grown < growthMiBMax, `the kernel grew by ${Math.round(grown)} MiB`);
  }

  get slowestMs(): number {
    return Math.round(this.#slowestMs);
  }

  /** Resident memory of the kernel, in MiB. */
  kernelMiB(): number {
    const kib = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${this.#kernel}/status`, "utf8"))?.[1];
    return Number(kib) / 1024;
  }

  /** The most that the kernel had of memory, ever (VmHWM). */
  kernelPeakMiB(): number {
    const kib = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${this.#kernel}/status`, "utf8"))?.[1];
    return Number(kib) / 1024;
  }

  async stillThere(): Promise<void> {
    await this.#callOnce();
    this.expectUnharmed();
    assert.equal((await this.#client.status({ serviceId: "counter" })).pid, this.#pid, "the neighbour lives as before");
  }

  /** Resolves after so many more answers, while it calls on. */
  calls(count: number): Promise<void> {
    const wanted = this.#expected + count;
    return until(`${count} calls of the neighbour`, () => this.#expected >= wanted, count * callMsMax);
  }

  async #callOnce(): Promise<void> {
    const began = performance.now();
    this.#expected += 1;
    assert.equal(await call(this.#client, "counter", "add", [1]), this.#expected, "the neighbour's state");
    const tookMs = performance.now() - began;
    assert.ok(tookMs < callMsMax, `the neighbour's call took ${Math.round(tookMs)} ms`);
    this.#slowestMs = Math.max(this.#slowestMs, tookMs);
  }
}
