import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { CodeFormat, RestartType, Strategy } from "../../api/index.ts";
import { parseLevelOption, parseRestartOption, parseStrategyOption } from "../enums.ts";
import { readEnvironment } from "../environment.ts";
import { Halt } from "../halt.ts";
import { verbIn } from "../program.ts";
import { formatOf, nameOf } from "../source.ts";
import { encodeArguments } from "./call.ts";
import { parseCheckpoint } from "./verify.ts";

const refusedAsUsage = (parse: () => unknown): void =>
  assert.throws(
    parse,
    (error: unknown) => error instanceof Halt && error.facts.code === "USAGE" && error.facts.exit === 2,
  );

const decoded = (bytes: Uint8Array): unknown => JSON.parse(new TextDecoder().decode(bytes)) as unknown;

test("a service is named after its file", () => {
  assert.deepEqual(["counter.ts", "a/b/counter.mts", "my.service.js", "inference"].map(nameOf), [
    "counter",
    "counter",
    "my-service",
    "inference",
  ]);
});

test("the format follows from the extension; what has none is a binary", () => {
  assert.deepEqual(["a.ts", "a.mts", "a.js", "a.mjs", "a.wasm", "a", "dir.ts/a"].map(formatOf), [
    CodeFormat.TYPESCRIPT_SOURCE,
    CodeFormat.TYPESCRIPT_SOURCE,
    CodeFormat.JAVASCRIPT_BUNDLE,
    CodeFormat.JAVASCRIPT_BUNDLE,
    CodeFormat.WASM_MODULE,
    CodeFormat.EXTERNAL_BINARY,
    CodeFormat.EXTERNAL_BINARY,
  ]);
});

test("arguments of a call become one JSON array", () => {
  assert.deepEqual(decoded(encodeArguments(["2", "two", '"2"'], undefined)), [2, "two", "2"]);
  assert.deepEqual(decoded(encodeArguments([], undefined)), []);
  assert.deepEqual(decoded(encodeArguments([], '[{"id":7},null]')), [{ id: 7 }, null]);
  refusedAsUsage(() => encodeArguments(["1"], "[1]"));
  refusedAsUsage(() => encodeArguments([], "{}"));
});

test("the environment comes from a file and the command line, which wins", (t) => {
  const dir = mkdtempSync(join(tmpdir(), "solo-cli-"));
  t.after(() => rmSync(dir, { recursive: true, force: true }));
  const file = join(dir, "env");
  writeFileSync(file, "A=1\nB='two words'\n");
  assert.deepEqual(readEnvironment(["A=2", "C=x=y", "D="], file), { A: "2", B: "two words", C: "x=y", D: "" });
  refusedAsUsage(() => readEnvironment(["nothing"], undefined));
  refusedAsUsage(() => readEnvironment(["=x"], undefined));
  assert.throws(
    () => readEnvironment([], join(dir, "missing")),
    (error: unknown) => error instanceof Halt && error.facts.code === "FILE_UNREADABLE" && error.facts.exit === 4,
  );
});

test("enums are written in any case, with - or _; absent means the default", () => {
  assert.equal(parseRestartOption("Transient"), RestartType.TRANSIENT);
  assert.equal(parseRestartOption(), RestartType.PERMANENT);
  assert.equal(parseStrategyOption("rest-for-one"), Strategy.REST_FOR_ONE);
  refusedAsUsage(() => parseRestartOption("forever"));
  refusedAsUsage(() => parseLevelOption("verbose"));
});

test("a checkpoint is an event's number and its hash", () => {
  const hash = "AB".repeat(32);
  assert.deepEqual(parseCheckpoint(`17:${hash}`), { expectedId: 17n, expectedHash: hash.toLowerCase() });
  assert.deepEqual(parseCheckpoint(undefined), {});
  for (const text of ["17", `x:${hash}`, "17:abc", `:${hash}`]) refusedAsUsage(() => parseCheckpoint(text));
});

test("the verb is the first word that is no option and no option's value", () => {
  assert.equal(verbIn(["--data-dir", "list", "status", "x"]), "status");
  assert.equal(verbIn(["--json", "--data-dir=d", "deploy", "a.ts"]), "deploy");
  assert.equal(verbIn(["help", "call"]), "call");
  assert.equal(verbIn(["--help"]), undefined);
});
