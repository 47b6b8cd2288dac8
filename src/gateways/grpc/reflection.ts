/**
 * Reflection, v1 and v1alpha, from the compiled contract. Its library takes 30 ms to load, so the first question loads it.
 * A small question has a large answer: the next one is read only when the answer is taken.
 */
import { EventEmitter } from "node:events";
import { toBinary, type DescFile } from "@bufbuild/protobuf";
import { FileDescriptorProtoSchema } from "@bufbuild/protobuf/wkt";
import type { handleBidiStreamingCall, MethodDefinition, Server } from "@grpc/grpc-js";
import { file_grpc_health_v1_health, file_solo_v1_solo } from "../../api/index.ts";
import { isRefusal, limits, refuse, type Refusal } from "../../base/index.ts";
import type { Principal } from "../../kernel/index.ts";
import { errorOf, rawMethod } from "./handlers.ts";
import { StreamPlaces } from "./stream-places.ts";

const versions = ["v1", "v1alpha"] as const;
const pathOf = (version: (typeof versions)[number]): string =>
  `/grpc.reflection.${version}.ServerReflection/ServerReflectionInfo`;

/** One version's service, as the library would add it to a server. */
interface Answerer {
  readonly method: MethodDefinition<object, object>;
  readonly answer: (stream: EventEmitter) => void;
}

export interface ReflectionParts {
  readonly principalAt: (peer: string) => Principal | Refusal;
}

export function addReflection(server: Server, parts: ReflectionParts): void {
  let answerers: Promise<ReadonlyMap<string, Answerer>> | undefined;
  const places = new StreamPlaces("Streams of reflection");
  for (const version of versions) {
    const path = pathOf(version);
    const info: handleBidiStreamingCall<Buffer, Buffer> = (call) => {
      const principal = parts.principalAt(call.getPeer());
      if (isRefusal(principal)) return void call.emit("error", errorOf(principal));
      const full = places.take(principal, call);
      if (full !== undefined) return void call.emit("error", errorOf(full));
      answerers ??= load();
      void answerers.then((all): void => {
        const found = all.get(path);
        if (found === undefined) return void call.end();
        const { method, answer } = found;
        const stream = Object.assign(new EventEmitter(), {
          write: (message: object) => {
            if (!call.write(method.responseSerialize(message))) call.pause();
          },
          end: () => call.end(),
        });
        answer(stream);
        call.on("drain", () => call.resume());
        let asked = 0;
        call.on("data", (bytes: Buffer) => {
          asked += 1;
          if (asked > limits.reflectionQuestionsMax) {
            const limit = limits.reflectionQuestionsMax;
            const no = refuse("QUOTA_EXCEEDED", { what: "Questions of one stream", limit, wanted: asked });
            if (asked === limit + 1) call.emit("error", errorOf(no));
            return;
          }
          const message = parse(method, bytes);
          if (message === undefined) call.end();
          else stream.emit("data", message);
        });
        call.on("end", () => stream.emit("end"));
      });
    };
    server.addService({ info: rawMethod(path, { requestStream: true, responseStream: true }) }, { info });
  }
}

function parse(method: MethodDefinition<object, object>, bytes: Buffer): object | undefined {
  try {
    return method.requestDeserialize(bytes);
  } catch {
    return undefined;
  }
}

async function load(): Promise<ReadonlyMap<string, Answerer>> {
  const { ReflectionService } = await import("@grpc/reflection");
  const fileDescriptorProtos = filesOf([file_solo_v1_solo, file_grpc_health_v1_health]);
  const service = new ReflectionService({
    all: { format: "Protocol Buffer 3 DescriptorProto", type: {}, fileDescriptorProtos },
  });
  const found = new Map<string, Answerer>();
  service.addToServer({
    addService: (definition, implementation) => {
      for (const [name, method] of Object.entries(definition)) {
        found.set(method.path, {
          method: method as MethodDefinition<object, object>,
          answer: implementation[name] as unknown as Answerer["answer"],
        });
      }
    },
  });
  return found;
}

/** Files with all that they import, each once. */
function filesOf(roots: readonly DescFile[]): Buffer[] {
  const files = new Map<string, DescFile>();
  const visit = (file: DescFile): void => {
    if (files.has(file.name)) return;
    files.set(file.name, file);
    file.dependencies.forEach(visit);
  };
  roots.forEach(visit);
  return [...files.values()].map((file) => Buffer.from(toBinary(FileDescriptorProtoSchema, file.proto)));
}
