/**
 * Services that answer with everything that an answer must not be: each caller is told exactly what became of its call, with the
 * guest's own line where there is one; and the neighbour's service in another tenant notices nothing.
 */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { messageLengthMax, RestartType, Status_Value } from "../../src/api/index.ts";
import { SoloError, type SoloClient, type SoloErrorCode } from "../../src/client/index.ts";
import { service, untilStatus } from "../e2e/asking.ts";
import { call, Solo } from "../e2e/solo.ts";
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

type Outcome = SoloErrorCode | "a result";

interface Returned {
  readonly what: string;
  /** The body of a method. */
  readonly body: string;
  /** What its caller is told. */
  readonly outcome: Outcome;
  /** What is told besides: of a refusal its words, of a result its JSON. */
  readonly says?: RegExp;
  /** The stack that comes along leads to the method's line. */
  readonly line?: true;
  /** How the life ended; absent: it goes on. Where several are listed, the machine decides which limit is met first. */
  readonly death?: readonly string[];
  /** More than the others have, where what is asked must not end by that. */
  readonly cpuTimeMs?: number;
  readonly maxMemoryBytes?: bigint;
}

const mebibyte = 1024n * 1024n;

const methods: readonly Returned[] = [
  { what: "a function", body: `return () => 1;`, outcome: "NOT_SERIALIZABLE", says: /function/ },
  { what: "a symbol", body: `return Symbol("s");`, outcome: "NOT_SERIALIZABLE", says: /symbol/ },
  { what: "a circle", body: `const a = {}; a.a = a; return a;`, outcome: "NOT_SERIALIZABLE", says: /contains itself/ },
  {
    what: "a class instance with a getter that throws",
    body: `return { get a() { throw new Error("trap"); } };`,
    outcome: "CALL_FAILED",
    line: true,
  },
  {
    what: "a proxy that throws",
    body: `return new Proxy({}, { ownKeys() { throw new Error("trap"); } });`,
    outcome: "CALL_FAILED",
    line: true,
  },
  {
    what: "a proxy that spins",
    body: `return new Proxy({}, { ownKeys() { for (;;); } });`,
    outcome: "CALL_LOST",
    death: ["cpu_timeout"],
  },
  {
    what: "a proxy of endless depth",
    body: `const p = new Proxy({}, { ownKeys: () => ["a"], getOwnPropertyDescriptor: () => ({ value: p, enumerable: true, configurable: true }), get: () => p }); return p;`,
    outcome: "NOT_SERIALIZABLE",
  },
  {
    what: "a toJSON that throws",
    body: `return { toJSON() { throw new Error("trap"); } };`,
    outcome: "CALL_FAILED",
    line: true,
  },
  {
    what: "a toJSON that gives ever more",
    body: `return { toJSON() { return [{ toJSON: this.toJSON }]; } };`,
    outcome: "NOT_SERIALIZABLE",
    says: /the result\[0\]\[0\]/,
  },
  {
    what: "a hundred thousand arrays in each other",
    body: `let a = []; for (let i = 0; i < 100_000; i++) a = [a]; return a;`,
    outcome: "NOT_SERIALIZABLE",
    says: /the result\[0\]\[0\]/,
  },
  { what: "five megabytes of text", body: `return "x".repeat(5 << 20);`, outcome: "TOO_LARGE" },
  { what: "an array of four billion holes", body: `return new Array(2 ** 32 - 1);`, outcome: "TOO_LARGE" },
  {
    what: "an array of two million holes",
    body: `return new Array(2_000_000);`,
    outcome: "CALL_LOST",
    death: ["out_of_memory", "cpu_timeout"],
  },
  {
    what: "three hundred thousand keys",
    body: `return Object.fromEntries(Array.from({ length: 3e5 }, (_, i) => ["k" + i, i]));`,
    outcome: "TOO_LARGE",
    cpuTimeMs: 30_000,
    maxMemoryBytes: 384n * mebibyte,
  },
  {
    what: "an own __proto__",
    body: `return JSON.parse('{"__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":true}}}');`,
    outcome: "a result",
    says: /^\{"__proto__":\{"polluted":true\},"constructor":\{"prototype":\{"polluted":true\}\}\}$/,
  },
  { what: "a lone surrogate", body: `return "\\ud800";`, outcome: "a result", says: /^"\\ud800"$/ },
  { what: "not a number", body: `return NaN;`, outcome: "a result", says: /^\{"\$number":"NaN"\}$/ },
  {
    what: "a thenable of itself",
    body: `const t = { then(done) { done(t); } }; return t;`,
    outcome: "CALL_LOST",
    death: ["cpu_timeout"],
  },
  { what: "a promise that never settles", body: `return new Promise(() => {});`, outcome: "CALL_TIMEOUT" },
  {
    what: "a thrown proxy",
    body: `throw new Proxy({}, { get() { throw new Error("trap"); } });`,
    outcome: "CALL_FAILED",
    says: /no Error/,
    death: ["crashed"],
  },
  { what: "a refusal of a megabyte", body: `throw new Refusal("x".repeat(1 << 20));`, outcome: "CALL_FAILED" },
  {
    what: "fifty thousand timers",
    body: `for (let i = 0; i < 50_000; i++) setTimeout(() => {}, 60_000); return "made";`,
    outcome: "CALL_FAILED",
    says: /timers/,
    line: true,
    death: ["crashed"],
  },
  {
    what: "a hundred thousand promises",
    body: `for (let i = 0; i < 100_000; i++) new Promise((d) => queueMicrotask(d)); return "made";`,
    outcome: "a result",
  },
  {
    what: "a rejection by the way",
    body: `Promise.reject(new Proxy({}, { get() { throw 1; } })); return 1;`,
    outcome: "CALL_LOST",
    death: ["crashed"],
  },
  {
    what: "half a gigabyte of text",
    body: `return "x".repeat(2 ** 29 - 100);`,
    outcome: "CALL_LOST",
    cpuTimeMs: 30_000,
    death: ["out_of_memory", "cell_lost"],
  },
];

/** As `module` and the test put it together. */
const lineOfMethod = /results\.ts:4:\d+/;

for (const each of methods) {
  const { what, body, says, line, death: died = [] } = each;
  test(`returned: ${what}`, async (t) => {
    t.after(() => mallory.kill({ serviceId: "results", force: true }));
    // What ends by itself does so by CPU time, which on a busy machine takes longer.
    const timeoutMs = each.outcome === "CALL_TIMEOUT" ? 1_500 : 60_000;
    await mallory.deploy({
      serviceId: "results",
      code: service(`alive() { return "alive"; }\nmethod() { ${body} }`),
      resourceLimits: {
        cpuTimeMs: each.cpuTimeMs ?? 500,
        maxMemoryBytes: each.maxMemoryBytes ?? 64n * mebibyte,
      },
      restart: RestartType.TEMPORARY,
    });
    const [settled] = await witness.during(() =>
      Promise.allSettled([call(mallory, "results", "method", [], { timeoutMs })]),
    );
    const error = settled.status === "fulfilled" ? undefined : soloErrorIn(settled.reason);
    const said = settled.status === "fulfilled" ? (JSON.stringify(settled.value) ?? "nothing") : (error?.message ?? "");
    t.diagnostic(`${error?.code ?? "a result"}: ${said.slice(0, 200)}`);
    assert.equal(error?.code ?? "a result", each.outcome, said);
    assert.ok(error === undefined || said.length <= messageLengthMax, said);
    if (says !== undefined) assert.match(said, says);
    if (line === true) assert.match(error?.guestStack ?? "", lineOfMethod);
    assert.equal(Reflect.get({}, "polluted"), undefined);
    // Its death is told once its stack is in its own lines; its caller may hear of it before.
    const { status, deaths } = await untilStatus(
      mallory,
      "results",
      "is told to have ended",
      (seen) => died.length === 0 || seen.deaths.length > 0,
    );
    const [death] = deaths;
    if (died.length > 0) {
      assert.ok(died.includes(death?.type ?? ""), death?.summary ?? "it lives");
      if (line === true) assert.match(death?.stack ?? "", lineOfMethod);
      return;
    }
    assert.equal(status, Status_Value.RUNNING, death?.summary ?? "");
    // A message that never ends is waited for by those behind it.
    if (each.outcome !== "CALL_TIMEOUT") assert.equal(await call(mallory, "results", "alive", []), "alive");
  });
}

test("after all that, the neighbour lives as before and the kernel is no larger", async () => {
  await witness.stillThere();
  witness.expectNoLarger();
});

function soloErrorIn(error: unknown): SoloError {
  assert.ok(error instanceof SoloError, String(error));
  assert.doesNotMatch(error.message, /node_modules|file:\/\//);
  return error;
}
