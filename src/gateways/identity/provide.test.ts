import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { parseProfile } from "../../api/index.ts";
import { isRefusal, parseTenantId, say, type Refusal } from "../../base/index.ts";
import { mintServer } from "./mint.ts";
import { provideIdentity, type Identity } from "./provide.ts";
import { writeProfile } from "./write-profile.ts";

const dayMs = 86_400_000;
const t0 = Date.UTC(2026, 10, 20);

interface Dir {
  readonly data: string;
  readonly certs: string;
  readonly provide: (nowMs?: number, hosts?: readonly string[]) => Promise<Identity | Refusal>;
}

function dataDir(t: TestContext): Dir {
  const data = mkdtempSync(join(tmpdir(), "solo-identity-"));
  t.after(() => rmSync(data, { recursive: true, force: true }));
  return {
    data,
    certs: join(data, "certs"),
    provide: (nowMs = t0, hosts = []) => provideIdentity(data, { now: () => nowMs, hosts }),
  };
}

function there(identity: Identity | Refusal): Identity {
  assert.ok(!isRefusal(identity), isRefusal(identity) ? say(identity) : "");
  return identity;
}

function refused(identity: Identity | Refusal): { file: string; why: string; mend: string } {
  assert.ok(isRefusal(identity));
  assert.equal(identity.refused, "CERTIFICATE_FILE_UNUSABLE");
  const { file, why, mend } = identity.detail;
  return { file: String(file), why: String(why), mend: String(mend) };
}

const subject = (path: string): string => new X509Certificate(readFileSync(path)).subject;

test("the first start makes an authority, a server's, an admin's and the default tenant's certificate", async (t) => {
  const dir = dataDir(t);
  const identity = there(await dir.provide());
  assert.deepEqual(readdirSync(dir.certs).toSorted(), [
    "admin.key",
    "admin.pem",
    "ca.key",
    "ca.pem",
    "server.key",
    "server.pem",
    "tenant-default.key",
    "tenant-default.pem",
  ]);
  for (const file of readdirSync(dir.certs).filter((name) => name.endsWith(".key"))) {
    assert.equal(statSync(join(dir.certs, file)).mode & 0o777, 0o600, file);
  }
  assert.equal(subject(join(dir.certs, "admin.pem")), "CN=admin\nOU=admin\nO=Solo");
  assert.equal(subject(join(dir.certs, "tenant-default.pem")), "CN=default\nOU=tenant\nO=Solo");
  const server = new X509Certificate(identity.server.cert);
  assert.equal(server.checkHost("localhost"), "localhost");
  assert.equal(server.checkIP("127.0.0.1"), "127.0.0.1");
  assert.equal(server.checkIP("::1"), "::1");
});

test("a later start uses the same certificates", async (t) => {
  const dir = dataDir(t);
  const first = there(await dir.provide());
  assert.deepEqual(there(await dir.provide(t0 + 100 * dayMs)).server, first.server);
});

test("a node's secret is its own, the same at every start, and another for each purpose", async (t) => {
  const [dir, other] = [dataDir(t), dataDir(t)];
  const secret = there(await dir.provide()).secretFor("one");
  assert.equal(secret.length, 32);
  assert.deepEqual(there(await dir.provide()).secretFor("one"), secret);
  assert.notDeepEqual(there(await dir.provide()).secretFor("two"), secret);
  assert.notDeepEqual(there(await other.provide()).secretFor("one"), secret);
});

test("the profile names the address, the authority and every identity by absolute paths", async (t) => {
  const dir = dataDir(t);
  const path = await writeProfile({
    dataDir: dir.data,
    address: "127.0.0.1:50051",
    identity: there(await dir.provide()),
  });
  assert.equal(statSync(path).mode & 0o777, 0o600);
  assert.deepEqual(parseProfile(readFileSync(path, "utf8")), {
    version: "1",
    address: "127.0.0.1:50051",
    ca: join(dir.certs, "ca.pem"),
    identities: [
      { name: "admin", role: "admin", cert: join(dir.certs, "admin.pem"), key: join(dir.certs, "admin.key") },
      {
        name: "default",
        role: "tenant",
        cert: join(dir.certs, "tenant-default.pem"),
        key: join(dir.certs, "tenant-default.key"),
      },
    ],
  });
});

test("a certificate is issued with CN and OU, by the authority, for no longer than the authority lives", async (t) => {
  const dir = dataDir(t);
  const identity = there(await dir.provide());
  const tenant = parseTenantId("agent_1");
  assert.ok(tenant !== undefined);
  const issued = await identity.issue({ role: "tenant", tenant, days: 100_000 });
  const certificate = new X509Certificate(issued.certificatePem);
  const ca = new X509Certificate(issued.caPem);
  assert.equal(certificate.subject, "CN=agent_1\nOU=tenant\nO=Solo");
  assert.ok(certificate.verify(ca.publicKey));
  assert.equal(issued.notAfterMs, ca.validToDate.getTime());
  assert.match(issued.fingerprint, /^[0-9a-f]{64}$/);
});

test("a key that others may read is refused, naming the file, the reason and the remedy", async (t) => {
  const dir = dataDir(t);
  there(await dir.provide());
  for (const name of ["ca.key", "server.key", "admin.key"]) {
    const file = join(dir.certs, name);
    chmodSync(file, 0o640);
    const said = refused(await dir.provide());
    assert.equal(said.file, file);
    assert.match(said.why, /others may read it \(mode 0640\)/);
    assert.match(said.mend, /chmod 600/);
    chmodSync(file, 0o600);
  }
});

test("a certificate that is damaged, missing, of another key or of another authority is refused", async (t) => {
  const dir = dataDir(t);
  const other = dataDir(t);
  there(await dir.provide());
  there(await other.provide());
  const cases: readonly (readonly [name: string, change: (file: string) => void, why: RegExp])[] = [
    ["ca.pem", (file) => writeFileSync(file, "nonsense"), /not a PEM certificate/],
    ["ca.key", (file) => writeFileSync(file, "nonsense"), /not a PEM private key/],
    ["ca.pem", (file) => rmSync(file), /ENOENT/],
    ["server.key", (file) => rmSync(file), /missing/],
    ["server.key", (file) => writeFileSync(file, readFileSync(join(dir.certs, "admin.key"))), /not the key of/],
    ["admin.pem", (file) => rmSync(file), /missing/],
  ];
  for (const [name, change, why] of cases) {
    const file = join(dir.certs, name);
    const kept = readFileSync(file);
    change(file);
    const said = refused(await dir.provide());
    assert.equal(said.file, file);
    assert.match(said.why, why);
    writeFileSync(file, kept, { mode: 0o600 });
  }
  for (const suffix of ["pem", "key"]) {
    renameSync(join(other.certs, `server.${suffix}`), join(dir.certs, `server.${suffix}`));
  }
  assert.match(refused(await dir.provide()).why, /not issued by/);
});

test("an expired authority, or one from the future, is refused", async (t) => {
  const dir = dataDir(t);
  there(await dir.provide());
  assert.match(refused(await dir.provide(t0 + 3_651 * dayMs)).why, /expired/);
  assert.match(refused(await dir.provide(t0 - dayMs)).why, /valid only from/);
});

test("an expiring server certificate is renewed, at a start and while running, and so are the first clients'", async (t) => {
  const dir = dataDir(t);
  const first = there(await dir.provide());
  const admin = readFileSync(join(dir.certs, "admin.pem"), "utf8");
  const later = t0 + 380 * dayMs;
  const renewed = await first.renewed(later);
  assert.ok(!isRefusal(renewed));
  assert.notEqual(renewed.cert, first.server.cert);
  assert.equal(renewed.ca, first.server.ca);
  assert.equal(there(await dir.provide(later)).server.cert, renewed.cert);
  assert.notEqual(readFileSync(join(dir.certs, "admin.pem"), "utf8"), admin);
});

test("a newly configured name renews the server certificate; an unusable one is left out", async (t) => {
  const dir = dataDir(t);
  there(await dir.provide());
  const identity = there(await dir.provide(t0, ["solo.example.org", "10.1.2.3", "bad name\n"]));
  const server = new X509Certificate(identity.server.cert);
  assert.equal(server.checkHost("solo.example.org"), "solo.example.org");
  assert.equal(server.checkIP("10.1.2.3"), "10.1.2.3");
});

test("a renewal that a crash interrupted is finished", async (t) => {
  const dir = dataDir(t);
  const first = there(await dir.provide());
  const ca = { certPem: first.server.ca, keyPem: readFileSync(join(dir.certs, "ca.key"), "utf8") };
  const next = await mintServer(ca, ["localhost", "127.0.0.1", "::1"], { nowMs: t0, days: 300 });
  // The key took its place; the certificate did not yet.
  writeFileSync(join(dir.certs, "server.key"), next.keyPem);
  writeFileSync(join(dir.certs, "server.pem.next"), next.certPem);
  there(await dir.provide());
  assert.deepEqual(
    readdirSync(dir.certs).filter((name) => name.endsWith(".next")),
    [],
  );
});

test("a first start that a crash interrupted leaves nothing that a later one trips over", async (t) => {
  const dir = dataDir(t);
  mkdirSync(join(dir.data, "certs.new"));
  writeFileSync(join(dir.data, "certs.new", "ca.key"), "half");
  there(await dir.provide());
  assert.deepEqual(readdirSync(dir.data), ["certs"]);
});

test("clients that someone took away stay away", async (t) => {
  const dir = dataDir(t);
  there(await dir.provide());
  for (const suffix of ["pem", "key"]) rmSync(join(dir.certs, `admin.${suffix}`));
  const identity = there(await dir.provide());
  assert.deepEqual(
    identity.clients.map((client) => client.name),
    ["default"],
  );
});
