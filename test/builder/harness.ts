/** Starts a real builder on a socket, as init does, and speaks its protocol. */
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import net from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import type { TestContext } from "node:test";
import { isMisfit, kernelEpoch } from "../../src/base/index.ts";
import { listenUnix } from "../../src/init/listen.ts";
import { builderArguments } from "../../src/init/programs.ts";
import { openLibc } from "../../src/sandbox/index.ts";
import {
  type BuilderToKernel,
  builderToKernelShape,
  encodeFrame,
  FrameReader,
  type KernelToBuilder,
} from "../../src/wire/index.ts";

export interface RunningBuilder {
  readonly socket: string;
  readonly process: ChildProcess;
  readonly ended: Promise<number | string>;
}

export function startBuilder(t: TestContext): RunningBuilder {
  const folder = mkdtempSync(join(tmpdir(), "solo-builder-"));
  const socket = join(folder, "builder.sock");
  const listener = listenUnix(openLibc(), socket);
  const child = spawn(process.execPath, builderArguments, {
    env: { NODE_COMPILE_CACHE: process.env["NODE_COMPILE_CACHE"] ?? join(tmpdir(), "solo-test-compile-cache") },
    stdio: ["ignore", "inherit", "pipe", listener.fd, "pipe"],
  });
  child.stdio[4]?.on("error", () => undefined);
  (child.stdio[4] as net.Socket).resume();
  child.stderr?.resume();
  const ended = new Promise<number | string>((resolve) =>
    child.once("exit", (code, signal) => resolve(code ?? signal ?? "?")),
  );
  t.after(async () => {
    child.kill("SIGKILL");
    await ended;
    listener[Symbol.dispose]();
    rmSync(folder, { recursive: true, force: true });
  });
  return { socket, process: child, ended };
}

export interface Answer {
  readonly message: BuilderToKernel;
  readonly body: Buffer;
}

export type Compile = Omit<Extract<KernelToBuilder, { type: "compile" }>, "type" | "id">;
export type Trace = Omit<Extract<KernelToBuilder, { type: "trace" }>, "type" | "id">;

/** A kernel's end of a connection. */
export class BuilderClient {
  readonly #socket: net.Socket;
  readonly #answers: Answer[] = [];
  readonly #waiting: ((answer: Answer | undefined) => void)[] = [];
  readonly closed: Promise<void>;
  #id = 0;

  constructor(t: TestContext, path: string) {
    this.#socket = net.connect(path);
    t.after(() => this.#socket.destroy());
    const reader = new FrameReader();
    this.#socket.on("error", () => undefined);
    this.#socket.on("data", (chunk: Buffer) => {
      for (const frame of reader.read(chunk)) {
        assert.ok(!("broken" in frame));
        const message = builderToKernelShape(frame.header);
        assert.ok(!isMisfit(message), JSON.stringify(message));
        const answer = { message, body: Buffer.from(frame.body) };
        const waiting = this.#waiting.shift();
        if (waiting === undefined) this.#answers.push(answer);
        else waiting(answer);
      }
    });
    this.closed = new Promise((resolve) => {
      this.#socket.once("close", () => {
        for (const waiting of this.#waiting.splice(0)) waiting(undefined);
        resolve();
      });
    });
  }

  write(bytes: Uint8Array): void {
    this.#socket.write(bytes);
  }

  async hello(epoch = 1): Promise<void> {
    this.write(encodeFrame({ type: "hello", epoch: kernelEpoch(epoch) }));
    assert.equal((await this.next())?.message.type, "welcome");
  }

  /** The next answer, in order; undefined if the builder hung up. */
  next(): Promise<Answer | undefined> {
    const answer = this.#answers.shift();
    if (answer !== undefined) return Promise.resolve(answer);
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  async compile(source: string, given: Partial<Compile> = {}): Promise<Answer> {
    this.#id += 1;
    const header = {
      type: "compile",
      id: this.#id,
      scope: "agent_1",
      file: "counter.ts",
      format: "typescript",
      ...given,
    };
    this.write(encodeFrame(header, Buffer.from(source)));
    return this.#expect();
  }

  async trace(stack: string, map: Uint8Array, file = "counter.ts"): Promise<Answer> {
    this.#id += 1;
    this.write(encodeFrame({ type: "trace", id: this.#id, file, stack }, map));
    return this.#expect();
  }

  async #expect(): Promise<Answer> {
    const answer = await this.next();
    assert.ok(answer !== undefined, "the builder hung up");
    assert.equal("id" in answer.message ? answer.message.id : undefined, this.#id);
    return answer;
  }
}

export async function connect(t: TestContext, epoch = 1): Promise<BuilderClient> {
  const client = new BuilderClient(t, startBuilder(t).socket);
  await client.hello(epoch);
  return client;
}

/** Code and map of a successful answer. */
export function compiledOf({ message, body }: Answer): {
  readonly code: string;
  readonly map: Buffer;
  readonly cached: boolean;
} {
  assert.equal(message.type, "compiled", JSON.stringify(message));
  assert.ok(message.type === "compiled");
  return {
    code: body.subarray(0, message.codeBytes).toString(),
    map: body.subarray(message.codeBytes),
    cached: message.cached,
  };
}

export function errorsOf({ message }: Answer): Extract<BuilderToKernel, { type: "rejected" }>["errors"] {
  assert.ok(message.type === "rejected", JSON.stringify(message).slice(0, 500));
  return message.errors;
}
