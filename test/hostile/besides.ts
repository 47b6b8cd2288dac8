/** What a Solo serves besides its contract: health, and reflection in both versions, whose library brings no descriptor of its own. */
import { create, createFileRegistry, type DescMessage, type DescMethod } from "@bufbuild/protobuf";
import {
  FieldDescriptorProto_Label as Label,
  FieldDescriptorProto_Type as Type,
  FileDescriptorProtoSchema,
} from "@bufbuild/protobuf/wkt";
import { Health } from "../../src/api/index.ts";

export interface Beside {
  readonly rpc: string;
  readonly path: string;
  readonly kind: "unary" | "server_streaming" | "bidi_streaming";
  readonly input: DescMessage;
}

/** As https://github.com/grpc/grpc-proto/blob/master/grpc/reflection/v1/reflection.proto has it, and v1alpha before it. */
function reflectionRequest(version: string): DescMessage {
  const typePackage = `grpc.reflection.${version}`;
  const one = (name: string, number: number, type: Type): object => ({ name, number, type, label: Label.OPTIONAL });
  const oneof = { oneofIndex: 0 };
  const file = create(FileDescriptorProtoSchema, {
    name: `grpc/reflection/${version}/reflection.proto`,
    package: typePackage,
    syntax: "proto3",
    messageType: [
      {
        name: "ServerReflectionRequest",
        field: [
          one("host", 1, Type.STRING),
          { ...one("file_by_filename", 3, Type.STRING), ...oneof },
          { ...one("file_containing_symbol", 4, Type.STRING), ...oneof },
          {
            ...one("file_containing_extension", 5, Type.MESSAGE),
            typeName: `.${typePackage}.ExtensionRequest`,
            ...oneof,
          },
          { ...one("all_extension_numbers_of_type", 6, Type.STRING), ...oneof },
          { ...one("list_services", 7, Type.STRING), ...oneof },
        ],
        oneofDecl: [{ name: "message_request" }],
      },
      {
        name: "ExtensionRequest",
        field: [one("containing_type", 1, Type.STRING), one("extension_number", 2, Type.INT32)],
      },
    ],
  });
  const found = createFileRegistry(file, () => undefined).getMessage(`${typePackage}.ServerReflectionRequest`);
  if (found === undefined) throw new Error(`there is no request of reflection ${version}`);
  return found;
}

const health = (method: DescMethod): Beside => ({
  rpc: `Health/${method.name}`,
  path: `/${Health.typeName}/${method.name}`,
  kind: method.methodKind === "server_streaming" ? "server_streaming" : "unary",
  input: method.input,
});

export const besides: readonly Beside[] = [
  ...Health.methods.map(health),
  ...["v1", "v1alpha"].map((version) => ({
    rpc: `ServerReflection ${version}`,
    path: `/grpc.reflection.${version}.ServerReflection/ServerReflectionInfo`,
    kind: "bidi_streaming" as const,
    input: reflectionRequest(version),
  })),
];
