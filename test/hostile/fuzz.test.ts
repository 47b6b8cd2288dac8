/**
 * Every operation of the contract, asked with thousands of hostile requests that are made from its descriptor: each gets a
 * typed answer, in time, that tells nothing of the inside; and nobody else notices.
 */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { Metadata } from "@grpc/grpc-js";
import { operations, type Operation, type StatusCodeName } from "../../src/api/index.ts";
import { Random } from "../crash/random.ts";
import { Solo } from "../e2e/solo.ts";
import { RawClient, type Answer } from "./raw.ts";
import { hostile } from "./requests.ts";
import { Witness } from "./witness.ts";

const seed = Number(process.env["SOLO_FUZZ_SEED"] ?? Math.floor(Math.random() * 2 ** 32));
const casesPerOperation = Number(process.env["SOLO_FUZZ_CASES"] ?? 60);
const atOnce = 16;
const answerMsMax = 20_000;
/** A stream that began well goes on until it is left. */
const streamMsMax = 150;
const kernelGrowthMiBMax = 200;

let solo: Solo;
let witness: Witness;
let mallory: RawClient;
let admin: RawClient;

before(async () => {
  solo = await Solo.start();
  witness = await Witness.of(solo);
  const tenant = await solo.tenant("mallory");
  await tenant.deploy({
    serviceId: "echo",
    code: Buffer.from(`import { Service } from "solo:service";
export default class Echo extends Service { echo(...args) { return args; } }`),
  });
  mallory = new RawClient(await solo.certificate("mallory"));
  admin = new RawClient({ ...solo.connection("admin"), address: solo.address });
});
after(async () => {
  mallory[Symbol.dispose]();
  admin[Symbol.dispose]();
  await solo[Symbol.asyncDispose]();
});

const known = { services: ["echo", "fuzzed-1", "fuzzed-2", "absent"], tenants: ["mallory"], methods: ["echo", "nope"] };
/** What only an administrator may do is also asked by one, but for what would end the node. */
const forAdmin = { ...known, tenants: ["fuzzed-a", "fuzzed-b", "nobody"] };

/** A status that a Solo says by itself. INTERNAL would be a bug; UNKNOWN, that something else had to answer. */
const statuses: ReadonlySet<StatusCodeName> = new Set<StatusCodeName>([
  "OK",
  "INVALID_ARGUMENT",
  "NOT_FOUND",
  "ALREADY_EXISTS",
  "PERMISSION_DENIED",
  "RESOURCE_EXHAUSTED",
  "FAILED_PRECONDITION",
  "ABORTED",
  "UNIMPLEMENTED",
]);

function expectTyped(answer: Answer, operation: Operation, what: string): void {
  const { status, message, trouble, tookMs } = answer;
  const about = `seed ${seed}: ${operation.rpc} with ${what}: ${status} ${trouble.code}: ${message}`;
  // A stream that has begun, and has nothing to say yet.
  if (operation.kind === "server_streaming" && status === "DEADLINE_EXCEEDED" && trouble.code === "UNKNOWN") return;
  const timedOut = status === "DEADLINE_EXCEEDED" && trouble.code === "CALL_TIMEOUT";
  // A source may be nested deeply enough to end the builder, and is told so.
  const builder = operation.name === "deploy" || operation.name === "validate";
  const ended = builder && status === "UNAVAILABLE" && trouble.code === "BUILDER_UNAVAILABLE";
  assert.ok(statuses.has(status) || timedOut || ended, about);
  assert.ok(tookMs < answerMsMax, `${about} took ${Math.round(tookMs)} ms`);
  if (status === "OK") return;
  // Too long to be read at all is what grpc-js itself says.
  const tooLong = status === "RESOURCE_EXHAUSTED" && message.includes("larger than max");
  assert.ok(trouble.code !== "UNKNOWN" || tooLong, `${about}: no stable code`);
  assert.doesNotMatch(message, /node_modules|file:\/\/|\n\s+at |\.ts:\d+:\d+\)/, about);
  assert.ok(message.length <= 500, about);
}

async function fuzz(client: RawClient, operation: Operation, random: Random, names: typeof known): Promise<number> {
  let left = casesPerOperation;
  let accepted = 0;
  const lane = async (): Promise<void> => {
    while (left-- > 0) {
      const { what, bytes } = hostile(operation.input, random, names);
      const answer =
        operation.kind === "unary"
          ? await client.unary(operation.path, bytes, { timeoutMs: answerMsMax })
          : await client.first(operation.path, bytes, { timeoutMs: streamMsMax });
      expectTyped(answer, operation, what);
      if (answer.status === "OK") accepted += 1;
    }
  };
  await Promise.all(Array.from({ length: atOnce }, lane));
  return accepted;
}

test("hostile requests for every operation get typed answers in time, and the neighbour notices nothing", async (t) => {
  t.diagnostic(`seed ${seed}; run it again with SOLO_FUZZ_SEED=${seed}`);
  const random = new Random(seed);
  const before = witness.kernelMiB();
  let accepted = 0;
  await witness.during(async () => {
    for (const operation of operations) {
      accepted += await fuzz(mallory, operation, random.fork(), known);
      const ends = operation.name === "shutdown";
      if (operation.who === "admin" && !ends) accepted += await fuzz(admin, operation, random.fork(), forAdmin);
    }
  });
  await witness.stillThere();
  const grown = witness.kernelMiB() - before;
  t.diagnostic(
    `${accepted} were accepted; slowest call of the neighbour ${witness.slowestMs} ms; kernel + ${Math.round(grown)} MiB, peak ${Math.round(witness.kernelPeakMiB())} MiB`,
  );
  assert.ok(grown < kernelGrowthMiBMax, `the kernel grew by ${Math.round(grown)} MiB`);
  assert.equal((await (await solo.client("admin")).verifyLog({})).valid, true);
});

test("hostile headers are answered or cut off, and change nothing", async () => {
  const list = operations.find(({ name }) => name === "list");
  assert.ok(list !== undefined);
  const values: readonly (readonly [string, string | Buffer])[] = [
    ["x-long", "y".repeat(8_000)],
    ["x-longer", "y".repeat(60_000)],
    ["grpc-encoding", "gzip"],
    ["grpc-encoding", "no-such"],
    ["grpc-accept-encoding", "no-such"],
    ["x-bytes-bin", Buffer.alloc(2_000, 0xff)],
    ["grpc-status-details-bin", Buffer.from("ffff", "hex")],
    ["grpc-tenant", "witness"],
    ["authorization", "Bearer admin"],
  ];
  await witness.during(async () => {
    for (const [name, value] of values) {
      const metadata = new Metadata();
      metadata.set(name, value);
      const answer = await mallory.unary(list.path, Buffer.alloc(0), { metadata, timeoutMs: answerMsMax });
      assert.ok(
        !["UNKNOWN", "DEADLINE_EXCEEDED"].includes(answer.status),
        `${name}: ${answer.status} ${answer.message}`,
      );
    }
  });
  await witness.stillThere();
});
