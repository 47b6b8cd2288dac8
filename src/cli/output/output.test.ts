import assert from "node:assert/strict";
import { Writable } from "node:stream";
import { test } from "node:test";
import { stripVTControlCharacters } from "node:util";
import { create } from "@bufbuild/protobuf";
import {
  DeathSchema,
  EventSchema,
  ListResponseSchema,
  ServiceInfoSchema,
  StatusResponseSchema,
} from "../../api/index.ts";
import { renderServices } from "../commands/list.ts";
import { renderStatus } from "../commands/status.ts";
import { renderTree } from "./branches.ts";
import { renderEvent } from "./event.ts";
import { excerptOf, renderHalt } from "./halt.ts";
import { messageJson } from "./message-json.ts";
import { makeOutput } from "./output.ts";
import { makePaint, oneLine, printable, wantsColour } from "./paint.ts";
import { sayBytes, sayDuration, sayMicros } from "./say.ts";
import { renderTable, seenWidth } from "./table.ts";

const plain = makePaint(false);
const colourful = makePaint(true);
const lines = (text: string): readonly string[] => text.split("\n");

test("colour is for terminals that want it", () => {
  assert.equal(wantsColour({ isTTY: true }, {}), true);
  assert.equal(wantsColour({ isTTY: false }, {}), false);
  assert.equal(wantsColour({ isTTY: true }, { NO_COLOR: "1" }), false);
  assert.equal(wantsColour({ isTTY: true }, { NO_COLOR: "" }), true);
  assert.equal(wantsColour({ isTTY: true }, { TERM: "dumb" }), false);
  assert.equal(wantsColour({}, { FORCE_COLOR: "1" }), true);
  assert.equal(wantsColour({ isTTY: true }, { FORCE_COLOR: "0" }), false);
  assert.equal(wantsColour({}, { FORCE_COLOR: "1", NO_COLOR: "1" }), false);
});

test("a guest's text cannot command the terminal", () => {
  assert.equal(printable("a\u001b[2Jb\u009bc\r\u202ed\n\te"), "a\\x1b[2Jb\\x9bc\\x0d\\u202ed\n\te");
  assert.equal(oneLine("a\nb\tc"), "a ⏎ b c");
});

test("columns align by what is seen, whatever is coloured or wide", () => {
  const rows = [
    { name: colourful.red("a"), count: "1" },
    { name: "日本", count: "10" },
  ];
  const rendered = renderTable(
    [
      { head: "NAME", cell: ({ name }) => name },
      { head: "N", right: true, cell: ({ count }) => count },
      { head: "LAST", cell: () => "x" },
    ],
    rows,
    colourful,
  );
  assert.deepEqual(lines(stripVTControlCharacters(rendered)), ["NAME   N  LAST", "a      1  x", "日本  10  x"]);
  assert.deepEqual(["a", "日本", "é", "👍", "e\u0301"].map(seenWidth), [1, 4, 1, 2, 1]);
});

test("a tree is drawn with lines", () => {
  const leaf = (text: string) => ({ text, branches: [] });
  const tree = { text: "root", branches: [{ text: "a", branches: [leaf("a1"), leaf("a2")] }, leaf("b")] };
  assert.deepEqual(lines(renderTree(tree, plain)), ["root", "├─ a", "│  ├─ a1", "│  └─ a2", "└─ b"]);
});

test("quantities are said as people say them", () => {
  assert.deepEqual([0, 1_023, 1_536, 64 * 1024 ** 2, 3 * 1024 ** 4].map(sayBytes), [
    "0 B",
    "1023 B",
    "1.5 KB",
    "64 MB",
    "3.0 TB",
  ]);
  assert.deepEqual([0, 999, 45_000, 200_000, 3_600_000, 90_061_000].map(sayDuration), [
    "0 ms",
    "999 ms",
    "45 s",
    "3 m 20 s",
    "1 h",
    "1 d 1 h",
  ]);
  assert.deepEqual([12, 3_400].map(sayMicros), ["12 µs", "3 ms"]);
});

test("an excerpt shows the lines up to the place, and a caret under it", () => {
  const source = ["one", "two", "\tthree = ;", "four"].join("\n");
  assert.deepEqual(lines(excerptOf(source, { line: 3, column: 10 })), [
    "1 │ one",
    "2 │ two",
    "3 │ \tthree = ;",
    "  │ \t        ^",
  ]);
  assert.equal(excerptOf(source, { line: 9, column: 1 }), "");
});

test("an error says what, where, why, the guest's stack and its last lines, whether it ran, and what to do", () => {
  const rendered = renderHalt(
    {
      code: "CALL_FAILED",
      exit: 5,
      message: "crasher.crash threw Error: oops",
      stack: "Error: oops\n    at crash (crasher.ts:23:11)",
      places: [{ severity: "error", message: "odd", file: "a.ts", line: 1, column: 2, excerpt: "1 │ a\n  │  ^" }],
      logs: [{ level: "INFO", message: "a new life\u001b[2J" }],
      executed: "executed",
      remedy: "See the stack.",
    },
    plain,
  );
  assert.deepEqual(lines(rendered), [
    "✖ crasher.crash threw Error: oops [CALL_FAILED]",
    "  a.ts:1:2  error  odd",
    "    1 │ a",
    "      │  ^",
    "  Error: oops",
    "      at crash (crasher.ts:23:11)",
    "  its last log lines:",
    "    INFO  a new life\\x1b[2J",
    "  It was executed.",
    "→ See the stack.",
  ]);
});

test("messages become JSON with every field, enums by name and 64-bit numbers as numbers", () => {
  const message = create(ListResponseSchema, {
    services: [{ serviceId: "counter", status: 1, uptimeSeconds: 7n, currentUsage: { memoryBytes: 5n } }],
  });
  const json = messageJson(ListResponseSchema, message) as { services: Record<string, unknown>[] };
  const [service] = json.services;
  assert.equal(service?.["serviceId"], "counter");
  assert.equal(service?.["status"], "RUNNING");
  assert.equal(service?.["uptimeSeconds"], 7);
  assert.deepEqual(service?.["currentUsage"], { memoryBytes: 5, messageQueueLen: 0, reductions: 0, processes: 0 });
  assert.equal(service?.["restartCount"], 0);
});

test("an event's payload keeps its own JSON", () => {
  const event = create(EventSchema, { id: 3n, payload: { id: "12", n: 1 }, erased: false });
  assert.deepEqual(messageJson(EventSchema, event)["payload"], { id: "12", n: 1 });
});

test("services are listed with status, pids and use; tenants only if there are several", () => {
  const one = create(ServiceInfoSchema, {
    serviceId: "counter",
    tenantId: "default",
    pid: "<0.1.1>",
    status: 1,
    uptimeSeconds: 61n,
    currentUsage: { memoryBytes: 1_572_864n, messageQueueLen: 2, reductions: 1_500n },
    instances: [{ instance: 1 }, { instance: 2 }],
  });
  assert.deepEqual(lines(renderServices([one], plain)), [
    "SERVICE  STATUS   PID               UPTIME  RESTARTS  MEMORY  QUEUE   CPU  REASON",
    "counter  RUNNING  <0.1.1> +1 more  1 m 1 s         0  1.5 MB      2  2 ms",
  ]);
  const other = create(ServiceInfoSchema, {
    serviceId: "hits",
    tenantId: "agent_2",
    status: 4,
    reason: "crashed\nin init",
  });
  const [head, , last] = lines(renderServices([one, other], plain));
  assert.match(head ?? "", /^TENANT/);
  assert.match(last ?? "", /^agent_2 .*ERROR.* crashed ⏎ in init$/);
});

test("a status tells the deaths, newest first, with their stacks", () => {
  const found = create(StatusResponseSchema, {
    serviceId: "crasher",
    status: 4,
    reason: "waits",
    sandbox: "none",
    deaths: [
      create(DeathSchema, {
        summary: "crashed in message: Error: x",
        pid: "<0.1.1>",
        stack: "at a (b.ts:1:2)",
        eventId: 9n,
      }),
    ],
  });
  const rendered = renderStatus(found, plain, new Date(0));
  assert.match(rendered, /^crasher\nstatus +ERROR {2}waits\n/);
  assert.match(
    rendered,
    /1 past death, newest first\n.*crashed in message: Error: x {2}event 9\n {2}at a \(b\.ts:1:2\)$/,
  );
});

test("an event's line says its death in words, and what caused it", () => {
  const event = create(EventSchema, {
    id: 12n,
    eventType: "service_crashed",
    subject: "crasher",
    actor: "solo",
    causationId: 7n,
    payload: {
      service: "crasher",
      instance: 1,
      incarnation: 5,
      started: true,
      death: { type: "crashed", where: "message", error: { name: "Error", message: "oops", stack: "" } },
    },
  });
  assert.match(
    renderEvent(event, plain, new Date(0)),
    /^ {3}12 .* service_crashed +crasher +← 7 +solo +<0\.1\.5> {2}crashed in message: Error: oops {2}started$/,
  );
});

test("with --json stdout carries JSON alone, and without it people's words", () => {
  const written = (json: boolean): readonly string[] => {
    const said = ["", ""];
    const stream = (at: number): Writable =>
      new Writable({
        write: (chunk, _encoding, done) => {
          said[at] += String(chunk);
          done();
        },
      });
    const out = makeOutput({ json, stdout: stream(0), stderr: stream(1), env: {} });
    out.note("by the way");
    out.result({ json: { a: 1 }, human: () => "a is 1" });
    out.item({ json: { b: 2 }, human: () => "b is 2" });
    out.progress("never off a terminal");
    return said;
  };
  assert.deepEqual(written(true), ['{\n  "a": 1\n}\n{"b":2}\n', ""]);
  assert.deepEqual(written(false), ["a is 1\nb is 2\n", "by the way\n"]);
});
