/**
 * Services that do everything wrong that a service can: each is answered with a clear, typed error, with the guest's own line
 * where there is one; memory stays bounded, nothing is lost, and the neighbour's service in another tenant notices nothing.
 */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { RestartType, Status_Value } from "../../src/api/index.ts";
import { SoloError, type SoloClient, type SoloErrorCode } from "../../src/client/index.ts";
import { eventsOf } from "../e2e/asking.ts";
import { call, example, Solo } from "../e2e/solo.ts";
import { Witness } from "./witness.ts";

const kernelGrowthMiBMax = 300;

let solo: Solo;
let witness: Witness;
let mallory: SoloClient;
let before_: number;

before(async () => {
  solo = await Solo.start();
  witness = await Witness.of(solo);
  mallory = await solo.tenant("mallory");
  before_ = witness.kernelMiB();
});
after(() => solo[Symbol.asyncDispose]());

const module = (members: string): string =>
  `import { Refusal, Service } from "solo:service";\nexport default class Hostile extends Service {\n${members}\n}\n`;

interface Case {
  readonly what: string;
  readonly source: string;
  readonly code: SoloErrorCode | "RUNNING";
  readonly says?: RegExp;
  /** Where the stack must lead. */
  readonly line?: RegExp;
}

const deep = 3_000;

const cases: readonly Case[] = [
  { what: "nothing", source: " ", code: "STARTUP_FAILED", says: /default export|class/i },
  { what: "a source that does not parse", source: module("x( {"), code: "SYNTAX_ERROR", says: /hostile\.ts:5:1/ },
  { what: "a control character", source: "export default 1 \u0000 2", code: "SYNTAX_ERROR", says: /hostile\.ts:1:\d+/ },
  {
    what: "an import of Node",
    source: `import fs from "node:fs";\nexport default fs;`,
    code: "SYNTAX_ERROR",
    says: /node:fs/,
  },
  {
    what: "a dynamic import",
    source: module(`init() { return import("node:fs"); }`),
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
    source: module(`constructor() {\n  super();\n  throw new TypeError("made badly");\n}`),
    code: "STARTUP_FAILED",
    says: /TypeError: made badly/,
    line: /hostile\.ts:5:\d+/,
  },
  {
    what: "a throw in init",
    source: module(`init() {\n  throw new Error("not today");\n}`),
    code: "STARTUP_FAILED",
    says: /not today/,
    line: /hostile\.ts:4:\d+/,
  },
  {
    what: "a rejection in init",
    source: module(`async init() {\n  await null;\n  throw new Error("not today");\n}`),
    code: "STARTUP_FAILED",
    says: /not today/,
    line: /hostile\.ts:5:\d+/,
  },
  { what: "a thrown null", source: module(`init() { throw null; }`), code: "STARTUP_FAILED", says: /null/ },
  {
    what: "a thrown text of a megabyte",
    source: module(`init() { throw "x".repeat(1 << 20); }`),
    code: "STARTUP_FAILED",
  },
  {
    what: "an error that is a trap",
    source: module(
      `init() { const e = new Error("a"); Object.defineProperty(e, "message", { get() { throw e; } }); Object.defineProperty(e, "stack", { get() { for (;;); } }); throw e; }`,
    ),
    code: "STARTUP_FAILED",
    says: /timeout/,
  },
  {
    what: "a thrown proxy",
    source: module(
      `init() { throw new Proxy({}, { get() { throw new Error("trap"); }, getPrototypeOf() { throw new Error("trap"); } }); }`,
    ),
    code: "STARTUP_FAILED",
  },
  { what: "an init that spins", source: module(`init() { for (;;); }`), code: "STARTUP_FAILED", says: /timeout/ },
  {
    what: "an init that spins where loops are hard to stop",
    source: module(`init() { for (;;) [...Array(40)]; }`),
    code: "STARTUP_FAILED",
    says: /timeout/,
  },
  {
    what: "an init that never settles",
    source: module(`init() { return new Promise(() => {}); }`),
    code: "STARTUP_FAILED",
    says: /startup timeout/,
  },
  {
    what: "an init of endless microtasks",
    source: module(`async init() { for (;;) await null; }`),
    code: "STARTUP_FAILED",
    says: /timeout/,
  },
  {
    what: "an init that takes all memory",
    source: module(`init() { const all = []; for (;;) all.push(new Array(1e5).fill(all.length)); }`),
    code: "STARTUP_FAILED",
    says: /memory/,
  },
  {
    what: "an init that takes all memory at once",
    source: module(`init() { this.all = []; for (;;) this.all.push(new Uint8Array(64 << 20).fill(1)); }`),
    code: "STARTUP_FAILED",
  },
  {
    what: "an endless recursion",
    source: module(`init() { const f = () => f(); f(); }`),
    code: "STARTUP_FAILED",
    says: /call stack/,
  },
  {
    what: "a regular expression that backtracks for ever",
    source: module(`init() { /(a+)+$/.test("a".repeat(40) + "!"); }`),
    code: "STARTUP_FAILED",
    says: /timeout/,
  },
  {
    what: "an init that answers itself",
    source: module(`init() { const then = { then(done) { done(then); } }; return then; }`),
    code: "STARTUP_FAILED",
    says: /timeout/,
  },
  {
    what: "a flood of log lines",
    source: module(`init() { for (let i = 0; i < 20_000; i++) this.log.info("flood " + i + "x".repeat(1_000)); }`),
    code: "RUNNING",
  },
  {
    what: "a flood of console lines of traps",
    source: module(
      `init() { const trap = new Proxy({}, { get() { throw new Error("trap"); }, ownKeys() { throw new Error("trap"); } }); for (let i = 0; i < 2_000; i++) console.log(trap, { get a() { throw new Error("trap"); } }); }`,
    ),
    code: "RUNNING",
  },
  {
    what: "more timers than may be",
    source: module(`init() { for (let i = 0; i < 50_000; i++) setTimeout(() => {}, 60_000); }`),
    code: "STARTUP_FAILED",
    says: /timers/,
  },
];

/** What was answered, in the words of a case. */
async function deploy(source: string, startupTimeoutMs: number): Promise<SoloError | "RUNNING"> {
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
  const grown = witness.kernelMiB() - before_;
  assert.ok(grown < kernelGrowthMiBMax, `the kernel grew by ${Math.round(grown)} MiB`);
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

// ---------------------------------------------------------------- results

type Outcome = SoloErrorCode | "a result";

/** Bodies of methods, and what their callers may be told. Where several are listed, each is true. */
const methods: readonly (readonly [what: string, body: string, outcomes: readonly Outcome[]])[] = [
  ["a function", `return () => 1;`, ["NOT_SERIALIZABLE"]],
  ["a symbol", `return Symbol("s");`, ["NOT_SERIALIZABLE"]],
  ["a circle", `const a = {}; a.a = a; return a;`, ["NOT_SERIALIZABLE"]],
  [
    "a class instance with a getter that throws",
    `return { get a() { throw new Error("trap"); } };`,
    ["NOT_SERIALIZABLE", "CALL_FAILED"],
  ],
  [
    "a proxy that throws",
    `return new Proxy({}, { ownKeys() { throw new Error("trap"); } });`,
    ["NOT_SERIALIZABLE", "CALL_FAILED"],
  ],
  ["a proxy that spins", `return new Proxy({}, { ownKeys() { for (;;); } });`, ["CALL_LOST"]],
  [
    "a proxy of endless depth",
    `const p = new Proxy({}, { ownKeys: () => ["a"], getOwnPropertyDescriptor: () => ({ value: p, enumerable: true, configurable: true }), get: () => p }); return p;`,
    ["NOT_SERIALIZABLE", "CALL_FAILED", "CALL_LOST"],
  ],
  ["a toJSON that throws", `return { toJSON() { throw new Error("trap"); } };`, ["NOT_SERIALIZABLE", "CALL_FAILED"]],
  [
    "a toJSON that gives ever more",
    `return { toJSON() { return [{ toJSON: this.toJSON }]; } };`,
    ["NOT_SERIALIZABLE", "CALL_FAILED", "CALL_LOST"],
  ],
  [
    "a hundred thousand arrays in each other",
    `let a = []; for (let i = 0; i < 100_000; i++) a = [a]; return a;`,
    ["NOT_SERIALIZABLE", "CALL_FAILED"],
  ],
  ["five megabytes of text", `return "x".repeat(5 << 20);`, ["TOO_LARGE"]],
  ["an array of four billion holes", `return new Array(2 ** 32 - 1);`, ["TOO_LARGE"]],
  ["an array of two million holes", `return new Array(2_000_000);`, ["TOO_LARGE", "CALL_LOST", "CALL_FAILED"]],
  [
    "a million keys",
    `return Object.fromEntries(Array.from({ length: 1e6 }, (_, i) => ["k" + i, i]));`,
    ["TOO_LARGE", "CALL_LOST"],
  ],
  [
    "an own __proto__",
    `return JSON.parse('{"__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":true}}}');`,
    ["a result", "NOT_SERIALIZABLE"],
  ],
  ["a lone surrogate", `return "\\ud800";`, ["a result"]],
  ["not a number", `return NaN;`, ["a result", "NOT_SERIALIZABLE"]],
  [
    "a thenable of itself",
    `const t = { then(done) { done(t); } }; return t;`,
    ["CALL_LOST", "CALL_TIMEOUT", "CALL_FAILED"],
  ],
  ["a promise that never settles", `return new Promise(() => {});`, ["CALL_TIMEOUT"]],
  ["a thrown proxy", `throw new Proxy({}, { get() { throw new Error("trap"); } });`, ["CALL_FAILED"]],
  ["a refusal of a megabyte", `throw new Refusal("x".repeat(1 << 20));`, ["CALL_FAILED"]],
  [
    "fifty thousand timers",
    `for (let i = 0; i < 50_000; i++) setTimeout(() => {}, 60_000); return "made";`,
    ["CALL_FAILED"],
  ],
  [
    "a hundred thousand promises",
    `for (let i = 0; i < 100_000; i++) new Promise((d) => queueMicrotask(d)); return "made";`,
    ["a result"],
  ],
  [
    "a rejection by the way",
    `Promise.reject(new Proxy({}, { get() { throw 1; } })); return 1;`,
    ["a result", "CALL_LOST", "CALL_FAILED"],
  ],
  [
    "half a gigabyte of text",
    `return "x".repeat(2 ** 29 - 100);`,
    ["TOO_LARGE", "CALL_LOST", "CALL_FAILED", "CALL_TIMEOUT"],
  ],
];

for (const [what, body, outcomes] of methods) {
  test(`returned: ${what}`, async (t) => {
    t.after(() => mallory.kill({ serviceId: "results", force: true }));
    // What ends by itself does so by CPU time, which on a busy machine takes longer.
    const timeoutMs = outcomes.includes("CALL_TIMEOUT") ? 1_500 : 20_000;
    await mallory.deploy({
      serviceId: "results",
      code: Buffer.from(module(`alive() { return "alive"; }\nmethod() { ${body} }`)),
      resourceLimits: { cpuTimeMs: 500, maxMemoryBytes: 64n * 1024n * 1024n },
      restart: RestartType.TEMPORARY,
    });
    const [settled] = await witness.during(() =>
      Promise.allSettled([call(mallory, "results", "method", [], { timeoutMs })]),
    );
    const outcome: Outcome = settled.status === "fulfilled" ? "a result" : codeOf(settled.reason);
    const said = settled.status === "fulfilled" ? outcome : `${outcome}: ${String(settled.reason)}`;
    t.diagnostic(said.slice(0, 200));
    assert.ok(outcomes.includes(outcome), said);
    assert.equal(Reflect.get({}, "polluted"), undefined);
    const { status, deaths } = await mallory.status({ serviceId: "results" });
    if (status === Status_Value.RUNNING) {
      // A message that never ends is waited for by those behind it.
      if (outcome !== "CALL_TIMEOUT") assert.equal(await call(mallory, "results", "alive", []), "alive");
    } else {
      const [death] = deaths;
      t.diagnostic(death?.summary ?? "");
      const summary = death?.summary ?? "no death";
      // Past the isolate's own limit stands the cell's, which init keeps.
      const ofMemory = death?.type === "cell_lost" && summary.includes("out of memory");
      assert.ok(ofMemory || ["crashed", "cpu_timeout", "out_of_memory"].includes(death?.type ?? ""), summary);
    }
  });
}

test("after all that, the neighbour lives as before and the kernel is no larger", async () => {
  await witness.stillThere();
  const grown = witness.kernelMiB() - before_;
  assert.ok(grown < kernelGrowthMiBMax, `the kernel grew by ${Math.round(grown)} MiB`);
});

function codeOf(error: unknown): SoloErrorCode {
  assert.ok(error instanceof SoloError, String(error));
  assert.doesNotMatch(error.message, /node_modules|file:\/\//);
  return error.code;
}
