/**
 * Everything that a Solo serves, the contract and what stands beside it, asked with thousands of hostile requests that are made
 * from descriptors, in every way that there is: each gets a typed answer, in time, that tells nothing of the inside; and nobody
 * else notices.
 */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { Metadata } from "@grpc/grpc-js";
import { operations, type Operation, type StatusCodeName } from "../../src/api/index.ts";
import { never } from "../../src/base/index.ts";
import { Random } from "../crash/random.ts";
import { Solo } from "../e2e/solo.ts";
import { RawClient, type Answer } from "./raw.ts";
import { besides } from "./besides.ts";
import { everyWay, hostile, type Way } from "./requests.ts";
import { Witness } from "./witness.ts";

const seed = Number(process.env["SOLO_FUZZ_SEED"] ?? Math.floor(Math.random() * 2 ** 32));
/** The first of them are wrong in every way once, the others as the seed says. */
const casesPerOperation = Math.max(everyWay.length, Number(process.env["SOLO_FUZZ_CASES"] ?? 60));
const atOnce = 16;
const answerMsMax = 20_000;
/** A stream that began well goes on until it is left. */
const streamMsMax = 150;
const kernelGrowthMiBMax = 200;
/**
 * What it may hold at its peak beyond what it held before: a few requests of 5 MiB are received at once, twice over while they
 * are put together and read, and what nobody needs any more is not collected at once.
 */
const kernelPeakMiBMax = 400;

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
  await solo[Symbol.asyncDispose]();
  mallory[Symbol.dispose]();
  admin[Symbol.dispose]();
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

/** What is asked: an operation of the contract, or what a Solo serves besides. */
interface Asked {
  readonly rpc: string;
  readonly path: string;
  readonly kind: Operation["kind"] | "bidi_streaming";
  readonly input: Operation["input"];
  /** Its source is built. */
  readonly builds: boolean;
  /** Its refusals have stable codes of Solo's own; others have those of their protocol. */
  readonly coded: boolean;
}

const askedOf = ({ name, rpc, path, kind, input }: Operation): Asked => ({
  rpc,
  path,
  kind,
  input,
  builds: name === "deploy" || name === "validate",
  coded: true,
});

function expectTyped(answer: Answer, asked: Asked, { way, what }: { readonly way: Way; readonly what: string }): void {
  const { status, message, trouble, tookMs } = answer;
  const about = `seed ${seed}: ${asked.rpc} with ${what}: ${status} ${trouble.code}: ${message}`;
  // A stream that has begun, and has nothing to say yet.
  if (asked.kind === "server_streaming" && status === "DEADLINE_EXCEEDED" && trouble.code === "UNKNOWN") return;
  const timedOut = status === "DEADLINE_EXCEEDED" && trouble.code === "CALL_TIMEOUT";
  // A source may be nested deeply enough to end the builder, and is told so.
  const ended = asked.builds && status === "UNAVAILABLE" && trouble.code === "BUILDER_UNAVAILABLE";
  assert.ok(statuses.has(status) || timedOut || ended, about);
  assert.ok(tookMs < answerMsMax, `${about} took ${Math.round(tookMs)} ms`);
  if (way === "too long") assert.equal(status, "RESOURCE_EXHAUSTED", about);
  if (status === "OK") return;
  // Too long to be read at all is what grpc-js itself says.
  const tooLong = status === "RESOURCE_EXHAUSTED" && message.includes("larger than max");
  assert.ok(trouble.code !== "UNKNOWN" || tooLong || !asked.coded, `${about}: no stable code`);
  assert.doesNotMatch(message, /node_modules|file:\/\/|\n\s+at |\.ts:\d+:\d+\)/, about);
  assert.ok(message.length <= 500, about);
}

async function ask(client: RawClient, { kind, path }: Asked, bytes: Buffer): Promise<Answer> {
  switch (kind) {
    case "unary":
      return client.unary(path, bytes, { timeoutMs: answerMsMax });
    case "server_streaming":
      return client.first(path, bytes, { timeoutMs: streamMsMax });
    case "bidi_streaming":
      return client.exchange(path, bytes, { timeoutMs: answerMsMax });
    default:
      return never(kind);
  }
}

/** How many were accepted. */
async function fuzz(client: RawClient, asked: Asked, random: Random, names: typeof known): Promise<number> {
  let [drawn, accepted] = [0, 0];
  const used = new Set<Way>();
  const lane = async (): Promise<void> => {
    while (drawn < casesPerOperation) {
      const made = hostile(asked.input, random, names, everyWay[drawn++]);
      const answer = await ask(client, asked, made.bytes);
      expectTyped(answer, asked, made);
      used.add(made.way);
      if (answer.status === "OK") accepted += 1;
    }
  };
  await Promise.all(Array.from({ length: atOnce }, lane));
  assert.equal(used.size, everyWay.length, `${asked.rpc} was asked in every way`);
  return accepted;
}

test("hostile requests for everything that a Solo serves get typed answers in time, and the neighbour notices nothing", async (t) => {
  t.diagnostic(`seed ${seed}; run it again with SOLO_FUZZ_SEED=${seed}`);
  const random = new Random(seed);
  const before = witness.kernelMiB();
  const accepted = { mallory: 0, admin: 0, besides: 0 };
  await witness.during(async () => {
    for (const operation of operations) {
      accepted.mallory += await fuzz(mallory, askedOf(operation), random.fork(), known);
      const ends = operation.name === "shutdown";
      if (operation.who === "admin" && !ends) {
        accepted.admin += await fuzz(admin, askedOf(operation), random.fork(), forAdmin);
      }
    }
    for (const each of besides) {
      accepted.besides += await fuzz(mallory, { ...each, builds: false, coded: false }, random.fork(), known);
    }
  });
  await witness.stillThere();
  const grown = witness.kernelMiB() - before;
  const peak = witness.kernelPeakMiB() - before;
  t.diagnostic(
    `accepted: ${JSON.stringify(accepted)}; slowest call of the neighbour ${witness.slowestMs} ms; kernel + ${Math.round(grown)} MiB, at its peak + ${Math.round(peak)} MiB`,
  );
  for (const [who, count] of Object.entries(accepted))
    assert.ok(count > 0, `of what ${who} asked nothing was accepted`);
  witness.expectNoLarger(before, kernelGrowthMiBMax);
  assert.ok(peak < kernelPeakMiBMax, `the kernel grew by ${Math.round(peak)} MiB at its peak`);
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
