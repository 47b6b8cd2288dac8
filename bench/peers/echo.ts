/**
 * A peer: a bare grpc-js server with mutual TLS that answers a Call with its own bytes and a Cast with none, in a process of its own. It has the
 * same message types and the same certificates as Solo, and nothing else: what Solo adds is the ratio to it.
 *
 *   node bench/peers/echo.ts CERTS_DIR     prints the port, runs until its parent closes stdin
 */
import { create, type DescMessage, fromBinary, type MessageShape, toBinary } from "@bufbuild/protobuf";
import { Server, ServerCredentials, type MethodDefinition } from "@grpc/grpc-js";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import {
  type CallRequest,
  CallRequestSchema,
  type CallResponse,
  CallResponseSchema,
  type CastResponse,
  CastRequestSchema,
  CastResponseSchema,
} from "../../src/api/index.ts";

const certs = process.argv[2] ?? ".";
const pem = (name: string): Buffer => readFileSync(join(certs, name));
const server = new Server();

const unary = <I extends DescMessage, O extends DescMessage>(
  rpc: string,
  input: I,
  output: O,
): MethodDefinition<MessageShape<I>, MessageShape<O>> => ({
  path: `/solo.v1.SoloKernel/${rpc}`,
  requestStream: false,
  responseStream: false,
  requestSerialize: (message) => Buffer.from(toBinary(input, message)),
  requestDeserialize: (bytes) => fromBinary(input, bytes),
  responseSerialize: (message) => Buffer.from(toBinary(output, message)),
  responseDeserialize: (bytes) => fromBinary(output, bytes),
});
const definition = {
  call: unary("Call", CallRequestSchema, CallResponseSchema),
  cast: unary("Cast", CastRequestSchema, CastResponseSchema),
};
server.addService(definition, {
  call: (call: { readonly request: CallRequest }, answer: (error: null, response: CallResponse) => void) =>
    answer(null, create(CallResponseSchema, { result: call.request.args })),
  cast: (_cast: unknown, answer: (error: null, response: CastResponse) => void) =>
    answer(null, create(CastResponseSchema)),
});
const credentials = ServerCredentials.createSsl(
  pem("ca.pem"),
  [{ cert_chain: pem("server.pem"), private_key: pem("server.key") }],
  true,
);
server.bindAsync("127.0.0.1:0", credentials, (error, port) => {
  if (error !== null) throw error;
  process.stdout.write(`${port}\n`);
});
process.stdin.resume().once("end", () => process.exit(0));
