import assert from "node:assert/strict";
import { test } from "node:test";
import type { Event } from "./event.ts";
import { upcast } from "./upcast.ts";
import { World } from "./world.ts";

test("events of today pass as they are", () => {
  const { events } = World.of("t");
  for (const event of events) assert.equal(upcast(event), event);
});

test("an event of a newer version is refused, and says so", () => {
  const event = { ...World.of("t").last("tenant_created"), version: 2 };
  assert.deepEqual(upcast(event), {
    refused: "LOG_UNAVAILABLE",
    detail: {
      why: "event 2 (tenant_created) has version 2, and this Solo reads up to 1: it was written by a newer one",
    },
  });
});

test("an event of a type that is not known yet passes, for evolve to leave aside", () => {
  const event = { ...World.of("t").last("tenant_created"), type: "invented_later", version: 9 } as unknown as Event;
  assert.equal(upcast(event), event);
});

test("an event of a version that was never written is refused", () => {
  const event = { ...World.of("t").last("tenant_created"), version: 0 };
  assert.deepEqual(upcast(event), {
    refused: "LOG_UNAVAILABLE",
    detail: { why: "tenant_created has no step from version 0" },
  });
});
