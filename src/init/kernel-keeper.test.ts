import assert from "node:assert/strict";
import { closeSync, openSync } from "node:fs";
import { test } from "node:test";
import { kernelEpoch } from "../base/index.ts";
import type { InitToKernel } from "../wire/index.ts";
import { KernelKeeper } from "./kernel-keeper.ts";
import { Pulse } from "./pulse.ts";

const silentMsMax = 25;
/** It never says a word, whatever it is told. */
const mute = ["--eval", "process.on('message', () => undefined)"];
const anyMessage: InitToKernel = { type: "census", cells: [] };

/** Settles when something that is never heard has been silent for so long, by the clock that kernels are judged by. */
const silenceOf = (ms: number): Promise<number> => new Promise((resolve) => void new Pulse(ms, resolve));

test("a kernel is given its time from when it is told to begin: until then there is nothing that it could say", async (t) => {
  const grpcFd = openSync("/dev/null", "r");
  t.after(() => closeSync(grpcFd));
  const ground = Promise.withResolvers<InitToKernel>();
  const closed = Promise.withResolvers<void>();
  const hung = Promise.withResolvers<void>();
  const shouts: string[] = [];
  const keeper = new KernelKeeper({
    issueEpoch: () => kernelEpoch(1),
    command: { args: mute, env: {}, grpcFd },
    begin: () => ground.promise,
    silentMsMax,
    onMessage: () => undefined,
    onReady: () => undefined,
    onText: () => undefined,
    shout: (text) => {
      shouts.push(text);
      hung.resolve();
    },
    onRefused: () => undefined,
    onClosed: closed.resolve,
  });
  t.after(async () => {
    keeper.close();
    keeper.kill();
    if (keeper.isUp) await closed.promise;
  });
  keeper.start();
  await silenceOf(20 * silentMsMax);
  assert.deepEqual(shouts, []);
  ground.resolve(anyMessage);
  await hung.promise;
  assert.match(shouts[0] ?? "", /^the kernel hangs: it has said nothing for \d+ ms; it is ended$/);
});
