/**
 * A peer: a bare grpc-js server with mutual TLS that answers a Call with its own bytes, in a process of its own. It has the
 * same message types and the same certificates as Solo, and nothing else: what Solo adds is the ratio to it.
 *
 *   node bench/peers/echo.ts CERTS_DIR     prints the port, runs until its parent closes stdin
 */
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { Server, ServerCredentials, type ServiceDefinition } from "@grpc/grpc-js";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { CallRequestSchema, CallResponseSchema, type CallRequest, type CallResponse } from "../../src/api/index.ts";

const certs = process.argv[2] ?? ".";
const pem = (name: string): Buffer => readFileSync(join(certs, name));
const server = new Server();
const definition = {
  call: {
    path: "/solo.v1.SoloKernel/Call",
    requestStream: false,
    responseStream: false,
    requestSerialize: (message: CallRequest) => Buffer.from(toBinary(CallRequestSchema, message)),
    requestDeserialize: (bytes: Buffer) => fromBinary(CallRequestSchema, bytes),
    responseSerialize: (message: CallResponse) => Buffer.from(toBinary(CallResponseSchema, message)),
    responseDeserialize: (bytes: Buffer) => fromBinary(CallResponseSchema, bytes),
  },
} satisfies ServiceDefinition;
server.addService(definition, {
  call: (call: { readonly request: CallRequest }, answer: (error: null, response: CallResponse) => void) =>
    answer(null, create(CallResponseSchema, { result: call.request.args })),
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
