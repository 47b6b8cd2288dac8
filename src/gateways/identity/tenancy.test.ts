import assert from "node:assert/strict";
import { test } from "node:test";
import { eventId, instant } from "../../base/index.ts";
import { isOf, tenancyIn, tenancyUri } from "./tenancy.ts";

test("a certificate is of the tenant that was made at its instant, and of no other of its name", () => {
  const made = instant(1_795_000_000_000);
  assert.equal(tenancyIn(`DNS:x, URI:${tenancyUri(made)}`), made);
  assert.ok(isOf(made, { at: made, by: eventId(50) }));
  assert.ok(!isOf(made, { at: instant(made + 1), by: eventId(90) }));
});

test("a certificate that says nothing is of the tenant that the log's first events made", () => {
  assert.equal(tenancyIn(undefined), undefined);
  assert.equal(tenancyIn("DNS:localhost, URI:urn:solo:tenant-made:soon"), undefined);
  assert.ok(isOf(undefined, { at: instant(5), by: eventId(2) }));
  assert.ok(!isOf(undefined, { at: instant(5), by: eventId(6) }));
});
