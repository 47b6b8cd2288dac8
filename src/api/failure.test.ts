import assert from "node:assert/strict";
import { test } from "node:test";
import { create } from "@bufbuild/protobuf";
import fc from "fast-check";
import { refusals, refuse, remedy, say, type RefusalCode } from "../base/index.ts";
import {
  DiagnosticSchema,
  LogEntrySchema,
  detailsBytesMax,
  messageLengthMax,
  readStatus,
  statusCodes,
  statusOf,
  withEvidence,
  type Failure,
} from "./index.ts";

const codes = Object.keys(refusals) as RefusalCode[];

test("every refusal reaches a client as its code, status, remedy and retry", () => {
  for (const code of codes) {
    const refusal = refuse(code, { service: "counter", limit: 5 });
    const status = statusOf(refusal);
    const trouble = readStatus(status.details);
    assert.equal(status.code, statusCodes[refusals[code].status]);
    assert.equal(status.message, say(refusal));
    assert.equal(trouble.code, code);
    assert.equal(trouble.remedy, remedy(refusal));
    assert.equal(trouble.retry, refusals[code].retry);
    assert.equal(trouble.retryDelayMs > 0, refusals[code].retry === "later");
    assert.deepEqual(trouble.detail, { service: "counter", limit: "5" });
  }
});

test("a field that does not fit is named as google.rpc.BadRequest names it", () => {
  const { details } = statusOf(
    refuse("INVALID_ARGUMENT", { field: "resource_limits.cpu_time_ms", problem: "is negative" }),
  );
  assert.deepEqual(readStatus(details).fields, [{ field: "resource_limits.cpu_time_ms", description: "is negative" }]);
});

test("evidence reaches a client: outcome, stack, death, diagnostics, and the last lines in their order", () => {
  const failure = withEvidence(refuse("STARTUP_FAILED", { service: "s", why: "it threw" }), {
    executed: "executed",
    death: {
      reason: {
        type: "crashed",
        where: "init",
        error: { name: "Error", message: "no", stack: "Error: no\n    at s.ts:1:2" },
      },
      pid: "<0.1.1>",
      atMs: 1_000,
    },
    diagnostics: [create(DiagnosticSchema, { file: "s.ts", line: 3, message: "odd" })],
    logs: ["one", "two"].map((message, at) =>
      create(LogEntrySchema, { timestampMs: BigInt(at), level: "INFO", message }),
    ),
  });
  const trouble = readStatus(statusOf(failure).details);
  assert.equal(trouble.executed, "executed");
  assert.equal(trouble.stack, "Error: no\n    at s.ts:1:2");
  assert.equal(trouble.death?.type, "crashed");
  assert.equal(trouble.death.pid, "<0.1.1>");
  assert.deepEqual(trouble.death.detail?.["where"], "init");
  assert.deepEqual(
    trouble.diagnostics.map(({ file, line }) => [file, line]),
    [["s.ts", 3]],
  );
  assert.deepEqual(
    trouble.logs.map(({ message }) => message),
    ["one", "two"],
  );
});

test("whatever the evidence, the trailers fit what any gRPC client takes, and what matters most is in them", () => {
  const text = fc.string({ unit: "binary", maxLength: 9_000 });
  const failure: fc.Arbitrary<Failure> = fc
    .record({
      code: fc.constantFrom(...codes),
      detail: fc.dictionary(fc.string({ minLength: 1, maxLength: 20 }), fc.oneof(text, fc.integer()), { maxKeys: 5 }),
      stack: text,
      lines: fc.array(text, { maxLength: 10 }),
    })
    .map(({ code, detail, stack, lines }) =>
      withEvidence(refuse(code, detail), {
        stack,
        executed: "unknown",
        logs: lines.map((message) => create(LogEntrySchema, { message })),
        diagnostics: lines.map((message) => create(DiagnosticSchema, { message: message.slice(0, 2_000) })),
      }),
    );
  fc.assert(
    fc.property(failure, (one) => {
      const status = statusOf(one);
      assert.ok(status.details.length <= detailsBytesMax, String(status.details.length));
      assert.ok(status.message.length <= messageLengthMax);
      // grpc-js throws otherwise, when it writes the message.
      assert.ok(status.message.isWellFormed());
      const trouble = readStatus(status.details);
      assert.equal(trouble.code, one.refused);
    }),
    { numRuns: 100 },
  );
});

test("a message is cut between characters, and half a one becomes a mark", () => {
  for (const ahead of ["", "x"]) {
    const { message } = statusOf(
      refuse("CALL_FAILED", { service: "s", method: "m", name: "Error", message: ahead + "😀".repeat(300) }),
    );
    assert.ok(message.length <= messageLengthMax);
    assert.ok(message.isWellFormed(), message);
  }
  const { message } = statusOf(
    refuse("CALL_FAILED", { service: "s", method: "m", name: "Error", message: "half \ud83d of one" }),
  );
  assert.match(message, /half \ufffd of one/);
});

test("details that are none are read as an unknown trouble, whatever the bytes", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
      assert.equal(readStatus(bytes).code, "UNKNOWN");
    }),
  );
  assert.equal(readStatus(undefined).code, "UNKNOWN");
});
