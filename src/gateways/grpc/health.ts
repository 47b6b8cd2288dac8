/** The gRPC health service over our own descriptors, for the whole server ("") and for SoloKernel. */
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import {
  status as codes,
  type handleServerStreamingCall,
  type handleUnaryCall,
  type Server,
  type ServerWritableStream,
} from "@grpc/grpc-js";
import { Health as Contract, HealthCheckResponse_ServingStatus as Serving, SoloKernel } from "../../api/index.ts";
import { isRefusal, type Refusal } from "../../base/index.ts";
import type { Principal } from "../../kernel/index.ts";
import { errorOf, rawMethod } from "./handlers.ts";
import { StreamPlaces } from "./stream-places.ts";

const names: readonly string[] = ["", SoloKernel.typeName];

type Watcher = ServerWritableStream<Buffer, Buffer>;

export interface HealthParts {
  readonly isServing: () => boolean;
  readonly principalAt: (peer: string) => Principal | Refusal;
}

export class Health {
  readonly #parts: HealthParts;
  readonly #watchers = new Map<Watcher, string>();
  readonly #places = new StreamPlaces("Streams that watch health");

  constructor(parts: HealthParts) {
    this.#parts = parts;
  }

  addTo(server: Server): void {
    const { check, list, watch } = Contract.method;
    const path = (method: { readonly name: string }): string => `/${Contract.typeName}/${method.name}`;
    const unary = { requestStream: false, responseStream: false };
    server.addService(
      {
        check: rawMethod(path(check), unary),
        list: rawMethod(path(list), unary),
        watch: rawMethod(path(watch), { requestStream: false, responseStream: true }),
      },
      { check: this.#check, list: this.#list, watch: this.#watch },
    );
  }

  /** Tells those who watch. */
  changed(): void {
    for (const [call, name] of this.#watchers) call.write(this.#answer(name));
  }

  readonly #check: handleUnaryCall<Buffer, Buffer> = (call, callback) => {
    const principal = this.#parts.principalAt(call.getPeer());
    if (isRefusal(principal)) return callback(errorOf(principal));
    const name = serviceIn(call.request);
    if (name === undefined) return callback({ code: codes.INVALID_ARGUMENT, details: "not a HealthCheckRequest" });
    if (!names.includes(name)) return callback({ code: codes.NOT_FOUND, details: "unknown service" });
    callback(null, this.#answer(name));
  };

  readonly #list: handleUnaryCall<Buffer, Buffer> = (call, callback) => {
    const principal = this.#parts.principalAt(call.getPeer());
    if (isRefusal(principal)) return callback(errorOf(principal));
    const status = this.#status();
    const statuses = Object.fromEntries(names.map((name) => [name, create(Contract.method.check.output, { status })]));
    callback(
      null,
      Buffer.from(toBinary(Contract.method.list.output, create(Contract.method.list.output, { statuses }))),
    );
  };

  readonly #watch: handleServerStreamingCall<Buffer, Buffer> = (call) => {
    const principal = this.#parts.principalAt(call.getPeer());
    if (isRefusal(principal)) return void call.emit("error", errorOf(principal));
    const name = serviceIn(call.request);
    if (name === undefined) {
      return void call.emit("error", { code: codes.INVALID_ARGUMENT, details: "not a HealthCheckRequest" });
    }
    const full = this.#places.take(principal, call);
    if (full !== undefined) return void call.emit("error", errorOf(full));
    this.#watchers.set(call, name);
    call.once("cancelled", () => this.#watchers.delete(call));
    call.write(this.#answer(name));
  };

  #status(): Serving {
    return this.#parts.isServing() ? Serving.SERVING : Serving.NOT_SERVING;
  }

  #answer(name: string): Buffer {
    const status = names.includes(name) ? this.#status() : Serving.SERVICE_UNKNOWN;
    return Buffer.from(toBinary(Contract.method.check.output, create(Contract.method.check.output, { status })));
  }
}

function serviceIn(request: Buffer): string | undefined {
  try {
    return fromBinary(Contract.method.check.input, request).service;
  } catch {
    return undefined;
  }
}
