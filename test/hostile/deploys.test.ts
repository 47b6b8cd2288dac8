/**
 * Services that do everything wrong that a service can: each is answered with a clear, typed error, with the guest's own line
 * where there is one; memory stays bounded, nothing is lost, and the neighbour's service in another tenant notices nothing.
 */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { Status_Value } from "../../src/api/index.ts";
import { limits } from "../../src/base/index.ts";
import { SoloError, type SoloClient, type SoloErrorCode } from "../../src/client/index.ts";
import { eventsOf, service } from "../e2e/asking.ts";
import { call, example, Solo } from "../e2e/solo.ts";
import { Witness } from "./witness.ts";

let solo: Solo;
let witness: Witness;
let mallory: SoloClient;

before(async () => {
  solo = await Solo.start();
  witness = await Witness.of(solo);
  mallory = await solo.tenant("mallory");
});
after(() => solo[Symbol.asyncDispose]());

interface Case {
  readonly what: string;
  readonly source: string | Buffer;
  readonly code: SoloErrorCode | "RUNNING";
  readonly says?: RegExp;
  /** Where the stack must lead. */
  readonly line?: RegExp;
}

const deep = 3_000;

const cases: readonly Case[] = [
  { what: "nothing", source: " ", code: "STARTUP_FAILED", says: /default export|class/i },
  { what: "a source that does not parse", source: service("x( {"), code: "SYNTAX_ERROR", says: /hostile\.ts:5:1/ },
  { what: "a control character", source: "export default 1 \u0000 2", code: "SYNTAX_ERROR", says: /hostile\.ts:1:\d+/ },
  {
    what: "an import of Node",
    source: `import fs from "node:fs";\nexport default fs;`,
    code: "SYNTAX_ERROR",
    says: /node:fs/,
  },
  {
    what: "a dynamic import",
    source: service(`init() { return import("node:fs"); }`),
    code: "SYNTAX_ERROR",
    says: /import/,
  },
  { what: "nesting", source: `export default ${"[".repeat(deep)}${"]".repeat(deep)};`, code: "STARTUP_FAILED" },
  {
    what: "deep nesting",
    source: `export default ${'{"a":'.repeat(deep)}1${"}".repeat(deep)};`,
    code: "SYNTAX_ERROR",
    says: /deep/,
  },
  { what: "no default export", source: "export const a = 1;", code: "STARTUP_FAILED" },
  { what: "a number as a service", source: "export default 7;", code: "STARTUP_FAILED" },
  { what: "a class that is none of Solo's", source: "export default class { a() {} }", code: "STARTUP_FAILED" },
  { what: "a class that extends null", source: "export default class A extends null {}", code: "STARTUP_FAILED" },
  {
    what: "a proxy as a service",
    source: `import { Service } from "solo:service";\nexport default new Proxy(class extends Service {}, { construct() { throw new Error("no"); } });`,
    code: "STARTUP_FAILED",
  },
  {
    what: "a throw at the top",
    source: `\nthrow new Error("at the top");\nexport default 1;`,
    code: "STARTUP_FAILED",
    says: /at the top/,
    line: /hostile\.ts:2:\d+/,
  },
  {
    what: "a throw in the constructor",
    source: service(`constructor() {\n  super();\n  throw new TypeError("made badly");\n}`),
    code: "STARTUP_FAILED",
    says: /TypeError: made badly/,
    line: /hostile\.ts:5:\d+/,
  },
  {
    what: "a throw in init",
    source: service(`init() {\n  throw new Error("not today");\n}`),
    code: "STARTUP_FAILED",
    says: /not today/,
    line: /hostile\.ts:4:\d+/,
  },
  {
    what: "a rejection in init",
    source: service(`async init() {\n  await null;\n  throw new Error("not today");\n}`),
    code: "STARTUP_FAILED",
    says: /not today/,
    line: /hostile\.ts:5:\d+/,
  },
  { what: "a thrown null", source: service(`init() { throw null; }`), code: "STARTUP_FAILED", says: /null/ },
  {
    what: "a thrown text of a megabyte",
    source: service(`init() { throw "x".repeat(1 << 20); }`),
    code: "STARTUP_FAILED",
  },
  {
    what: "an error that is a trap",
    source: service(
      `init() { const e = new Error("a"); Object.defineProperty(e, "message", { get() { throw e; } }); Object.defineProperty(e, "stack", { get() { for (;;); } }); throw e; }`,
    ),
    code: "STARTUP_FAILED",
    says: /timeout/,
  },
  {
    what: "a thrown proxy",
    source: service(
      `init() { throw new Proxy({}, { get() { throw new Error("trap"); }, getPrototypeOf() { throw new Error("trap"); } }); }`,
    ),
    code: "STARTUP_FAILED",
  },
  { what: "an init that spins", source: service(`init() { for (;;); }`), code: "STARTUP_FAILED", says: /timeout/ },
  {
    what: "an init that spins where loops are hard to stop",
    source: service(`init() { for (;;) [...Array(40)]; }`),
    code: "STARTUP_FAILED",
    says: /timeout/,
  },
  {
    what: "an init that never settles",
    source: service(`init() { return new Promise(() => {}); }`),
    code: "STARTUP_FAILED",
    says: /startup timeout/,
  },
  {
    what: "an init of endless microtasks",
    source: service(`async init() { for (;;) await null; }`),
    code: "STARTUP_FAILED",
    says: /timeout/,
  },
  {
    what: "an init that takes all memory",
    source: service(`init() { const all = []; for (;;) all.push(new Array(1e5).fill(all.length)); }`),
    code: "STARTUP_FAILED",
    says: /memory/,
  },
  {
    what: "an init that takes all memory at once",
    source: service(`init() { this.all = []; for (;;) this.all.push(new Uint8Array(64 << 20).fill(1)); }`),
    code: "STARTUP_FAILED",
  },
  {
    what: "an endless recursion",
    source: service(`init() { const f = () => f(); f(); }`),
    code: "STARTUP_FAILED",
    says: /call stack/,
  },
  {
    what: "a regular expression that backtracks for ever",
    source: service(`init() { /(a+)+$/.test("a".repeat(40) + "!"); }`),
    code: "STARTUP_FAILED",
    says: /timeout/,
  },
  {
    what: "an init that answers itself",
    source: service(`init() { const then = { then(done) { done(then); } }; return then; }`),
    code: "STARTUP_FAILED",
    says: /timeout/,
  },
  {
    what: "a flood of log lines",
    source: service(`init() { for (let i = 0; i < 20_000; i++) this.log.info("flood " + i + "x".repeat(1_000)); }`),
    code: "RUNNING",
  },
  {
    what: "a flood of console lines of traps",
    source: service(
      `init() { const trap = new Proxy({}, { get() { throw new Error("trap"); }, ownKeys() { throw new Error("trap"); } }); for (let i = 0; i < 2_000; i++) console.log(trap, { get a() { throw new Error("trap"); } }); }`,
    ),
    code: "RUNNING",
  },
  {
    what: "more timers than may be",
    source: service(`init() { for (let i = 0; i < 50_000; i++) setTimeout(() => {}, 60_000); }`),
    code: "STARTUP_FAILED",
    says: /timers/,
  },
];

/** What was answered, in the words of a case. */
async function deploy(source: string | Buffer, startupTimeoutMs: number): Promise<SoloError | "RUNNING"> {
  try {
    await mallory.deploy({
      serviceId: "hostile",
      code: Buffer.from(source),
      resourceLimits: { startupTimeoutMs, cpuTimeMs: 200, maxMemoryBytes: 64n * 1024n * 1024n },
    });
    return "RUNNING";
  } catch (error) {
    assert.ok(error instanceof SoloError, String(error));
    return error;
  }
}

for (const { what, source, code, says, line } of cases) {
  test(`deployed: ${what}`, async (t) => {
    // What never finishes need not be waited for long; what fails by itself may take its time on a busy machine.
    const limitMs = says?.source.includes("timeout") === true ? 300 : 10_000;
    const answer = await witness.during(() => deploy(source, limitMs));
    if (answer === "RUNNING") {
      assert.equal(code, "RUNNING");
      await mallory.kill({ serviceId: "hostile", force: true });
      return;
    }
    t.diagnostic(`${answer.code}: ${answer.message.slice(0, 150)}`);
    assert.equal(answer.code, code, answer.message);
    if (says !== undefined) assert.match(answer.message, says);
    if (line !== undefined) assert.match(answer.guestStack ?? "", line);
    assert.doesNotMatch(answer.message + (answer.guestStack ?? ""), /node_modules|src\/(cell|guest|host)\//);
    assert.notEqual(answer.remedy, "");
  });
}

test("after all that, nothing of it runs, the log is whole and the kernel is no larger", async () => {
  await witness.stillThere();
  const { services } = await mallory.list({});
  assert.ok(services.every(({ status }) => status === Status_Value.ERROR || status === Status_Value.STOPPED));
  assert.equal((await (await solo.client("admin")).verifyLog({})).valid, true);
  witness.expectNoLarger();
});

test("a source that ends the builder costs its own tenant its deployment; all others get theirs", async () => {
  const poison = Buffer.from(`export default ${"(".repeat(500_000)}1`);
  const others = await Promise.all(["one", "two", "three"].map((name) => solo.tenant(name)));
  const code = await example("counter");
  await witness.during(async () => {
    const poisoned = Array.from({ length: 3 }, async (_, i) => {
      const [settled] = await Promise.allSettled([mallory.deploy({ serviceId: `poison-${i}`, code: poison })]);
      assert.ok(settled.status === "rejected" && settled.reason instanceof SoloError);
      assert.ok(["BUILDER_UNAVAILABLE", "SYNTAX_ERROR"].includes(settled.reason.code), settled.reason.message);
    });
    const innocent = others.flatMap((client, i) =>
      [1, 2].map((n) =>
        client.deploy({ serviceId: `fine-${n}`, code: Buffer.concat([code, Buffer.from(`// ${i} ${n}\n`)]) }),
      ),
    );
    for (const { status } of await Promise.all(innocent)) assert.equal(status, Status_Value.RUNNING);
    await Promise.all(poisoned);
  });
  await witness.stillThere();
});

test("of deployments of one name at once exactly one wins; under one request_id all are that one", async () => {
  const code = await example("counter");
  const race = await Promise.allSettled(
    Array.from({ length: 20 }, (_, i) => mallory.deploy({ serviceId: "prize", code, requestId: `race-${i}` })),
  );
  const lost = race.flatMap((one) => (one.status === "rejected" ? [(one.reason as SoloError).code] : []));
  assert.deepEqual(new Set(lost), new Set(["SERVICE_EXISTS"]));
  assert.equal(lost.length, 19);
  const same = await Promise.all(
    Array.from({ length: 20 }, () => mallory.deploy({ serviceId: "shared", code, requestId: "one-and-only" })),
  );
  assert.equal(new Set(same.map(({ pid }) => pid)).size, 1);
  const born = await eventsOf(mallory, ["deployment_requested"]);
  for (const name of ["prize", "shared"]) assert.equal(born.filter(({ subject }) => subject === name).length, 1, name);
});

test("of a flood of log lines so many are kept, and who reads is told how many were not", async () => {
  const flood = 5_000;
  await mallory.deploy({
    serviceId: "flood",
    code: Buffer.from(
      service(`flood() { for (let i = 1; i <= ${flood}; i++) this.log.info("flood " + "x".repeat(1_000)); }
last(i) { this.log.info("last " + i); }`),
    ),
    resourceLimits: { cpuTimeMs: 30_000 },
  });
  const watch = (tailLines: number): Seen => mallory.watch({ serviceId: "flood", includeLogs: true, tailLines });
  const read = async (seen: Seen, isLast: (text: string) => boolean): Promise<Told> => {
    const told: Told = { lines: [], lost: 0 };
    for await (const { event } of seen) {
      if (event.case === "lost") told.lost += Number(event.value.count);
      if (event.case !== "log") continue;
      told.lines.push(event.value.message);
      if (isLast(event.value.message)) return told;
    }
    return assert.fail("the stream ended");
  };
  const watching = watch(0);
  // Where it stands; from here on every line is told.
  await watching.next();
  let over = false;
  const following = read(watching, (text) => (over = text.startsWith("last ")));
  following.catch(() => (over = true));
  const began = performance.now();
  await witness.during(() => call(mallory, "flood", "flood", [], { timeoutMs: 60_000 }));
  // One that comes before there is room again is lost too, and counted.
  for (let i = 1; !over; i++) await call(mallory, "flood", "last", [i]);
  const told = await following;
  const last = told.lines.at(-1) ?? "";
  const seconds = (performance.now() - began) / 1_000;
  assert.equal(
    told.lines.length + told.lost,
    flood + Number(last.split(" ")[1]),
    "each line is told, or counted as lost",
  );
  const bytes = told.lines.reduce((sum, text) => sum + text.length, 0);
  assert.ok(bytes <= limits.logBytesPerSecondMax * (1 + seconds), `${bytes} bytes were taken in ${seconds} s`);
  const kept = await read(watch(limits.logRingLinesMax), (text) => text === last);
  assert.ok(kept.lines.length < told.lines.length, `of ${told.lines.length} lines ${kept.lines.length} are kept`);
  const keptBytes = kept.lines.reduce((sum, text) => sum + text.length, 0);
  assert.ok(keptBytes <= limits.logRingBytesMax, `${keptBytes} bytes are kept`);
  assert.ok(kept.lost > 0, "who reads later is told too that lines were lost");
  await mallory.kill({ serviceId: "flood", force: true });
});

type Seen = ReturnType<SoloClient["watch"]>;

interface Told {
  readonly lines: string[];
  lost: number;
}
