/** A tenant's quota of artifacts is spent on what it runs, not on what it ran. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { isRefusal, limits } from "../../src/base/index.ts";
import { holdArtifacts } from "../../src/daemon/artifact-hold.ts";
import { created, inWorld, tenant, write } from "../../src/store/log.fixture.ts";

const a = tenant("a");
const there = (): boolean => true;
const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);

test("a full quota is freed of what no release names, once, and refuses only what is still too much", () =>
  inWorld(async ({ open, tamper }) => {
    const first = await open();
    const named = await first.putArtifact(a, bytesOf("named"));
    assert.ok(!isRefusal(named));
    await write(first, [created("a")]);
    await first.close();
    tamper((database) =>
      database
        .prepare("INSERT INTO artifacts VALUES ('a', ?, ?, x'00')")
        .run("f".repeat(64), limits.artifactBytesPerTenantMax - "named".length),
    );
    const log = await open();
    let prunings = 0;
    using hold = holdArtifacts(log, a, there, () => {
      prunings += 1;
      log.keepArtifacts(a, new Set([named]));
    });
    const fresh = await hold.put(bytesOf("fresh"));
    assert.ok(!isRefusal(fresh));
    assert.equal(prunings, 1);
    log.keepArtifacts(a, new Set([named]));
    assert.deepEqual(new Uint8Array((await log.getArtifact(a, fresh)) as Uint8Array), bytesOf("fresh"));
    assert.deepEqual(new Uint8Array((await log.getArtifact(a, named)) as Uint8Array), bytesOf("named"));
  }));

test("a quota that releases fill refuses", () =>
  inWorld(async ({ open, tamper }) => {
    const first = await open();
    const named = await first.putArtifact(a, bytesOf("named"));
    assert.ok(!isRefusal(named));
    await write(first, [created("a")]);
    await first.close();
    tamper((database) => database.prepare("UPDATE artifacts SET size = ?").run(limits.artifactBytesPerTenantMax));
    const log = await open();
    using hold = holdArtifacts(log, a, there, () => log.keepArtifacts(a, new Set([named])));
    const refused = await hold.put(bytesOf("fresh"));
    assert.ok(isRefusal(refused));
    assert.equal(refused.refused, "QUOTA_EXCEEDED");
  }));

test("what is put for a tenant that is deleted meanwhile goes with the hold", () =>
  inWorld(async ({ open }) => {
    const log = await open();
    const hold = holdArtifacts(
      log,
      a,
      () => false,
      () => log.keepArtifacts(a, new Set()),
    );
    log.forgetArtifacts(a);
    const late = await hold.put(bytesOf("a secret"));
    assert.ok(!isRefusal(late));
    assert.deepEqual(log.artifactTenants, [a]);
    hold[Symbol.dispose]();
    await write(log, [created("a")]);
    assert.ok(isRefusal(await log.getArtifact(a, late)));
    assert.deepEqual(log.artifactTenants, []);
  }));
