/**
 * Serves kernels on the socket that init listens on. A connection begins with `hello`; the newest epoch wins, and whoever
 * has an older one is cut off. Requests are answered in turn; while a kernel does not read its answers, its further
 * requests stay in its socket.
 */
import net from "node:net";
import process from "node:process";
import { isMisfit, type KernelEpoch, limits, never } from "../base/index.ts";
import {
  type BuilderToKernel,
  descriptors,
  encodeFrame,
  FrameReader,
  type KernelToBuilder,
  kernelToBuilderShape,
} from "../wire/index.ts";
import { CompileCache } from "./compile-cache.ts";
import { parseSourceMap } from "./source-map.ts";
import { traceStack } from "./trace.ts";

type Connection = { readonly name: "new" } | { readonly name: "greeted"; readonly epoch: KernelEpoch };

interface Answer {
  readonly message: BuilderToKernel;
  readonly body?: Uint8Array;
}

const versions = `node ${process.versions.node}, v8 ${process.versions.v8}`;

export class BuilderServer {
  readonly #cache = new CompileCache();
  readonly #greeted = new Map<net.Socket, KernelEpoch>();
  #newest: KernelEpoch | undefined;

  listen(): void {
    net.createServer({ noDelay: true }, (socket) => this.#serve(socket)).listen({ fd: descriptors.listener });
  }

  #serve(socket: net.Socket): void {
    const reader = new FrameReader();
    let connection: Connection = { name: "new" };
    // A kernel that ends leaves errors behind, and nothing to do about them.
    socket.on("error", () => undefined);
    socket.on("close", () => this.#greeted.delete(socket));
    socket.on("drain", () => socket.resume());
    socket.on("data", (chunk: Buffer) => {
      for (const frame of reader.read(chunk)) {
        if ("broken" in frame) return void socket.destroy();
        const message = kernelToBuilderShape(frame.header);
        if (isMisfit(message)) return void socket.destroy();
        if (connection.name === "new") {
          if (message.type !== "hello" || !this.#greet(socket, message.epoch)) return void socket.destroy();
          connection = { name: "greeted", epoch: message.epoch };
        }
        const answer = this.#answer(message, frame.body);
        if (!socket.write(encodeFrame(answer.message, answer.body))) socket.pause();
      }
    });
  }

  /** False: a newer kernel has been here. */
  #greet(socket: net.Socket, epoch: KernelEpoch): boolean {
    if (this.#newest !== undefined && epoch < this.#newest) return false;
    this.#newest = epoch;
    for (const [other, otherEpoch] of this.#greeted) if (otherEpoch < epoch) other.destroy();
    this.#greeted.set(socket, epoch);
    return true;
  }

  #answer(message: KernelToBuilder, body: Uint8Array): Answer {
    switch (message.type) {
      case "hello":
        return { message: { type: "welcome", versions } };
      case "compile":
        return this.#guarded(message.id, () => this.#compile(message, body));
      case "trace":
        return this.#guarded(message.id, () => this.#trace(message, body));
      default:
        return never(message);
    }
  }

  /** The edge at which whatever foreign code throws on a hostile source becomes an answer. */
  #guarded(id: number, work: () => Answer): Answer {
    try {
      return work();
    } catch (error) {
      return fail(id, error instanceof Error ? `${error.name}: ${error.message}` : String(error));
    }
  }

  #compile({ id, scope, file, format }: Extract<KernelToBuilder, { type: "compile" }>, body: Uint8Array): Answer {
    if (body.length > limits.sourceBytesMax)
      return fail(id, `the source is ${body.length} bytes; the limit is ${limits.sourceBytesMax}`);
    const text = decodeText(body);
    if (text === undefined) return fail(id, "the source is not UTF-8");
    const { result, cached } = this.#cache.compile(scope, { file, text }, format);
    if (result.type === "rejected") return { message: { type: "rejected", id, errors: result.errors } };
    const { code, map } = result;
    return {
      message: { type: "compiled", id, codeBytes: code.length, warnings: [], cached },
      body: Buffer.concat([code, map]),
    };
  }

  #trace({ id, file, stack }: Extract<KernelToBuilder, { type: "trace" }>, body: Uint8Array): Answer {
    const map = parseSourceMap(body);
    if (map === undefined) return fail(id, "the body is not a source map that `compile` gave");
    return { message: { type: "traced", id, stack: traceStack(stack, file, map) } };
  }
}

const fail = (id: number, problem: string): Answer => ({
  message: { type: "failed", id, problem: problem.slice(0, 500) },
});

function decodeText(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return undefined;
  }
}
