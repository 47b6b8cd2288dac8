import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { type ArtifactHash, isRefusal, limits, type Refusal } from "../base/index.ts";
import type { EventLog } from "./index.ts";
import { at, created, inWorld, tenant, write } from "./log.fixture.ts";

const a = tenant("a");
const b = tenant("b");

const put = async (log: EventLog, of: typeof a, bytes: Uint8Array): Promise<ArtifactHash> => {
  const hash = await log.putArtifact(of, bytes);
  assert.ok(!isRefusal(hash));
  return hash;
};

const get = async (log: EventLog, of: typeof a, hash: ArtifactHash): Promise<Uint8Array> => {
  const bytes = await log.getArtifact(of, hash);
  assert.ok(!isRefusal(bytes));
  return new Uint8Array(bytes);
};

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);
const missing = (hash: ArtifactHash): Refusal => ({
  refused: "ARTIFACT_DAMAGED",
  detail: { hash, problem: "missing" },
});

test("what was put is got again under its hash: at once, once durable, and after a restart", () =>
  inWorld(async ({ open }) => {
    const log = await open();
    const stored = new Map<ArtifactHash, Uint8Array>();
    const artifact = fc.oneof(
      fc.uint8Array({ maxLength: 2_000 }),
      fc.nat(255).map((value) => new Uint8Array(300_000).fill(value)),
    );
    await fc.assert(
      fc.asyncProperty(artifact, async (bytes) => {
        const given = bytes.slice();
        const hash = await put(log, a, given);
        given.fill(0);
        assert.deepEqual(await get(log, a, hash), bytes);
        assert.equal(await put(log, a, bytes), hash);
        stored.set(hash, bytes);
      }),
      { numRuns: 40 },
    );
    await log.close();
    const again = await open();
    for (const [hash, bytes] of stored) assert.deepEqual(await get(again, a, hash), bytes);
  }));

test("artifacts too many for the cache can be got before they are durable", () =>
  inWorld(async ({ open }) => {
    const log = await open();
    const size = Math.floor(limits.artifactCacheBytesMax / 3);
    const many = await Promise.all([1, 2, 3, 4].map((fill) => put(log, a, new Uint8Array(size).fill(fill))));
    for (const [index, hash] of many.entries()) {
      const bytes = await get(log, a, hash);
      assert.deepEqual([bytes.length, bytes[0], bytes[size - 1]], [size, index + 1, index + 1]);
    }
  }));

test("an artifact is durable no later than the event appended after it", () =>
  inWorld(async ({ open }) => {
    const log = await open();
    const hash = await put(log, a, bytesOf("source"));
    log.append([created("a")], at(1));
    await log.whenDurable(log.newest);
    // A newer kernel cannot have it from the memory of this one.
    const next = await open();
    assert.deepEqual(await get(next, a, hash), bytesOf("source"));
  }));

test("no tenant gets what only another has put", () =>
  inWorld(async ({ open }) => {
    const log = await open();
    const hash = await put(log, a, bytesOf("mine"));
    assert.deepEqual(await log.getArtifact(b, hash), missing(hash));
    await put(log, b, bytesOf("mine"));
    log.forgetArtifacts(a);
    assert.deepEqual(await get(log, b, hash), bytesOf("mine"));
    await write(log, [created("a")]);
    assert.deepEqual(await log.getArtifact(a, hash), missing(hash));
    const next = await open();
    assert.deepEqual(await next.getArtifact(a, hash), missing(hash));
    assert.deepEqual(await get(next, b, hash), bytesOf("mine"));
  }));

test("damage to an artifact is detected when it is read", () =>
  inWorld(async ({ open, tamper }) => {
    const log = await open();
    const hash = await put(log, a, bytesOf("true source"));
    await log.close();
    tamper((database) => database.prepare("UPDATE artifacts SET bytes = ?").run(bytesOf("other code!")));
    const again = await open();
    assert.deepEqual(await again.getArtifact(a, hash), {
      refused: "ARTIFACT_DAMAGED",
      detail: { hash, problem: "damaged" },
    });
  }));

test("what no release names any more is deleted, but not what is held until an event names it", () =>
  inWorld(async ({ open }) => {
    const log = await open();
    const [old, kept] = [await put(log, a, bytesOf("old")), await put(log, a, bytesOf("kept"))];
    const [hold, another] = [log.holdArtifacts(a), log.holdArtifacts(a)];
    const fresh = await hold.put(bytesOf("fresh"));
    assert.ok(!isRefusal(fresh));
    assert.equal(await another.put(bytesOf("fresh")), fresh);
    another[Symbol.dispose]();
    log.keepArtifacts(a, new Set([kept]));
    log.keepArtifacts(a, new Set([kept]));
    await write(log, [created("a")]);
    assert.deepEqual(await log.getArtifact(a, old), missing(old));
    assert.deepEqual(await get(log, a, kept), bytesOf("kept"));
    assert.deepEqual(await get(log, a, fresh), bytesOf("fresh"));
    hold[Symbol.dispose]();
    log.keepArtifacts(a, new Set([kept]));
    await write(log, [created("b")]);
    assert.deepEqual(await log.getArtifact(a, fresh), missing(fresh));
    assert.equal(await put(log, a, bytesOf("old")), old);
    assert.deepEqual(await get(log, a, old), bytesOf("old"));
  }));

test("artifacts are bounded in size, and per tenant in number", () =>
  inWorld(async ({ open, tamper }) => {
    const log = await open();
    assert.deepEqual(await log.putArtifact(a, new Uint8Array(limits.artifactBytesMax + 1)), {
      refused: "TOO_LARGE",
      detail: { what: "An artifact", size: limits.artifactBytesMax + 1, limit: limits.artifactBytesMax },
    });
    await log.close();
    tamper((database) => {
      const insert = database.prepare("INSERT INTO artifacts VALUES ('a', ?, 1, x'00')");
      database.exec("BEGIN");
      for (let n = 0; n < limits.artifactsPerTenantMax; n++) insert.run(n.toString(16).padStart(64, "0"));
      database.exec("COMMIT");
      database
        .prepare("INSERT INTO artifacts VALUES ('b', ?, ?, x'00')")
        .run("f".repeat(64), limits.artifactBytesPerTenantMax);
    });
    const full = await open();
    const refusedA = await full.putArtifact(a, bytesOf("one more"));
    assert.ok(isRefusal(refusedA));
    assert.deepEqual([refusedA.refused, refusedA.detail["what"]], ["QUOTA_EXCEEDED", "Artifacts"]);
    const refusedB = await full.putArtifact(b, bytesOf("one more"));
    assert.ok(isRefusal(refusedB));
    assert.deepEqual([refusedB.refused, refusedB.detail["what"]], ["QUOTA_EXCEEDED", "Bytes of artifacts"]);
    full.forgetArtifacts(a);
    await put(full, a, bytesOf("one more"));
  }));
