import assert from "node:assert/strict";
import { test } from "node:test";
import type { PeerCertificate } from "node:tls";
import { isRefusal } from "../../base/index.ts";
import { principalOf } from "./principal.ts";

const certificate = (subject: object): PeerCertificate => ({ subject }) as PeerCertificate;

test("CN and OU of a verified certificate say who asks", () => {
  assert.deepEqual(principalOf(certificate({ CN: "agent_1", OU: "tenant" })), { role: "tenant", tenant: "agent_1" });
  assert.deepEqual(principalOf(certificate({ CN: "admin", OU: "admin" })), { role: "admin", name: "admin" });
  // A tenant's name gives no rights: its unit does.
  assert.deepEqual(principalOf(certificate({ CN: "admin", OU: "tenant" })), { role: "tenant", tenant: "admin" });
});

test("a certificate that names nobody, or several, is nobody's", () => {
  const strange: readonly object[] = [
    {},
    { CN: "agent_1" },
    { OU: "tenant" },
    { CN: "agent_1", OU: "king" },
    { CN: "not a tenant", OU: "tenant" },
    { CN: "", OU: "tenant" },
    { CN: "agent_1", OU: ["tenant", "admin"] },
    { CN: ["agent_1", "agent_2"], OU: "tenant" },
  ];
  for (const subject of strange) {
    const principal = principalOf(certificate(subject));
    assert.ok(isRefusal(principal));
    assert.equal(principal.refused, "CERTIFICATE_UNKNOWN");
  }
  assert.ok(isRefusal(principalOf({} as PeerCertificate)));
  assert.ok(isRefusal(principalOf(undefined)));
});
