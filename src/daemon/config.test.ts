import assert from "node:assert/strict";
import { test } from "node:test";
import { isRefusal, say } from "../base/index.ts";
import { parseConfig } from "./config.ts";

const refusalOf = (text: string): string => {
  const config = parseConfig(text);
  assert.ok(isRefusal(config));
  return say(config);
};

test("without a file every setting has its default", () => {
  const config = parseConfig(undefined);
  assert.ok(!isRefusal(config));
  assert.deepEqual(config, parseConfig("{}"));
  assert.equal(config.monitorIntervalMs, 5_000);
  assert.deepEqual([config.tenantMemoryBytesMax, config.tenantProcessesMax], [512 * 1024 ** 2, 100]);
});

test("a setting that is given counts", () => {
  const config = parseConfig(`{"tenant_processes_max": 7}`);
  assert.ok(!isRefusal(config));
  assert.equal(config.tenantProcessesMax, 7);
});

test("what is unknown, out of bounds or no JSON is refused by its place", () => {
  assert.match(refusalOf(`{"tenant_proceses_max": 7}`), /config\.json\.tenant_proceses_max: is no known setting/);
  assert.match(refusalOf(`{"tenant_processes_max": 0}`), /config\.json\.tenant_processes_max: must be a whole number/);
  assert.match(refusalOf(`{"tenant_processes_max": "7"}`), /config\.json\.tenant_processes_max/);
  assert.match(refusalOf(`{`), /config\.json: is no JSON/);
  assert.match(refusalOf(`7`), /config\.json\.: must be an object/);
});
