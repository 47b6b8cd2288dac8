/**
 * The authority matrix: who may do what to whose. Every actor asks a real Solo, over real mutual TLS, for every operation
 * of the contract on what is its own, on another's, and on what is not there; each answer is compared with the golden.
 * An answer is a gRPC status and a stable code; where it is the same for every owner, it stands once.
 * Update it with: UPDATE_GOLDEN=1 bin/node26 --test test/golden/authority.test.ts
 */
import assert from "node:assert/strict";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { create, toBinary } from "@bufbuild/protobuf";
import { operations, type Operation, type OperationName } from "../../src/api/index.ts";
import { isRefusal } from "../../src/base/index.ts";
import type { SoloClient } from "../../src/client/index.ts";
import { provideIdentity } from "../../src/gateways/index.ts";
import { example, Solo, until } from "../e2e/solo.ts";
import { RawClient, type Answer, type Peer } from "../hostile/raw.ts";
import { expectGolden } from "./golden.ts";

const actors = [
  "without a certificate",
  "certificate of a foreign authority",
  "certificate of a deleted tenant",
  "tenant ada",
  "tenant bob",
  "administrator",
] as const;
type Actor = (typeof actors)[number];

/** Whose the resource is: of the actor's own tenant, of another, of a tenant that is not there; or own and not there. */
const owners = ["its own", "another's", "nobody's", "not there"] as const;
type Owner = (typeof owners)[number];

/** For an administrator, its own tenant is the one that it need not name. */
const ownTenant: Readonly<Record<Actor, string>> = {
  "without a certificate": "default",
  "certificate of a foreign authority": "default",
  "certificate of a deleted tenant": "carol",
  "tenant ada": "ada",
  "tenant bob": "bob",
  administrator: "default",
};

const anothersOf = (actor: Actor): string => (actor === "tenant ada" ? "bob" : "ada");

let solo: Solo;
let admin: SoloClient;
let counter: Buffer;
const clients = new Map<Actor, RawClient>();

before(async () => {
  solo = await Solo.start();
  admin = await solo.client("admin");
  counter = await example("counter");
  for (const tenantId of ["ada", "bob", "carol"]) await admin.createTenant({ tenantId });
  for (const tenantId of ["ada", "bob", "default"]) {
    await admin.deploy({ tenantId, serviceId: "counter", code: counter });
  }
  const { address, ca, ...adminPair } = solo.connection("admin");
  const peers: Readonly<Record<Actor, Peer>> = {
    "without a certificate": { address, ca },
    "certificate of a foreign authority": { address, ca, ...(await foreignAdmin()) },
    "certificate of a deleted tenant": await solo.certificate("carol"),
    "tenant ada": await solo.certificate("ada"),
    "tenant bob": await solo.certificate("bob"),
    administrator: { address, ca, ...adminPair },
  };
  for (const actor of actors) clients.set(actor, new RawClient(peers[actor]));
  await admin.deleteTenant({ tenantId: "carol" });
  await untilGone("carol");
});
after(async () => {
  for (const client of clients.values()) client[Symbol.dispose]();
  await solo[Symbol.asyncDispose]();
});

/** Says `admin`, and was signed by another Solo. */
async function foreignAdmin(): Promise<{ readonly cert: string; readonly key: string }> {
  const dir = await mkdtemp(join(tmpdir(), "solo-foreign-"));
  try {
    const identity = await provideIdentity(dir, { now: Date.now });
    assert.ok(!isRefusal(identity));
    const paths = identity.clients.find(({ role }) => role === "admin")?.paths;
    assert.ok(paths !== undefined);
    return { cert: await readFile(paths.cert, "utf8"), key: await readFile(paths.key, "utf8") };
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

const untilGone = (tenant: string): Promise<void> =>
  until(`the end of tenant ${tenant}`, async () =>
    (await admin.listTenants({})).tenants.every(({ tenantId }) => tenantId !== tenant),
  );

// ---------------------------------------------------------------- what is asked

/** Fields of a request. */
type Fields = Readonly<Record<string, unknown>>;

interface Asked {
  readonly actor: Actor;
  readonly owner: Owner;
}

let made = 0;
const fresh = (): string => `fresh-${++made}`;

/** Whose resource is meant, as the field says it: empty where it need not be said. */
function tenantIn({ actor, owner }: Asked): string {
  if (owner === "another's") return anothersOf(actor);
  return owner === "nobody's" ? "nobody" : "";
}

const ofService = (asked: Asked): Fields => ({
  serviceId: asked.owner === "not there" ? "absent" : "counter",
  tenantId: tenantIn(asked),
});
const ofTenant = (asked: Asked): Fields => ({ tenantId: tenantIn(asked) });

/** A service of its own for each request that ends one. */
async function doomed(asked: Asked): Promise<Fields> {
  if (asked.owner === "nobody's" || asked.owner === "not there") return ofService(asked);
  const serviceId = fresh();
  const tenantId = asked.owner === "another's" ? anothersOf(asked.actor) : ownTenant[asked.actor];
  if (tenantId !== "carol") await admin.deploy({ tenantId, serviceId, code: counter });
  return { serviceId, tenantId: tenantIn(asked), force: true };
}

const named = ({ actor, owner }: Asked): string =>
  owner === "nobody's" ? "nobody" : owner === "its own" ? ownTenant[actor] : anothersOf(actor);

/** One that may be ended: to the administrator each is made for it. */
async function doomedTenant(asked: Asked): Promise<Fields> {
  if (asked.actor !== "administrator" || asked.owner === "nobody's") return { tenantId: named(asked) };
  const tenantId = fresh();
  await admin.createTenant({ tenantId });
  return { tenantId };
}

const nothing = (): Fields => ({});

/** A valid request for each operation, about the resource that is meant. */
const requests: Readonly<Record<OperationName, (asked: Asked) => Fields | Promise<Fields>>> = {
  deploy: (asked) => ({ serviceId: fresh(), code: counter, tenantId: tenantIn(asked) }),
  status: ofService,
  kill: doomed,
  watch: ofService,
  list: ofTenant,
  call: (asked) => ({ ...ofService(asked), method: "get" }),
  cast: (asked) => ({ ...ofService(asked), method: "get" }),
  // A source belongs to whoever shows it.
  validate: () => ({ code: counter }),

  grantCapability: ofService,
  revokeCapability: ofTenant,
  verifyCapability: ofTenant,
  attenuateCapability: ofTenant,
  update: ofService,
  hotSwap: ofService,
  rollback: ofService,
  registerService: ofTenant,
  discoverServices: ofTenant,
  storeSecret: ofTenant,
  retrieveSecret: ofTenant,
  listSecrets: ofTenant,
  revokeSecret: ofTenant,

  queryEvents: (asked) => ({ filter: ofTenant(asked) }),
  watchEvents: (asked) => ({ filter: ofTenant(asked) }),
  replayState: ofTenant,
  verifyLog: nothing,
  audit: nothing,

  createTenant: (asked) => ({ tenantId: asked.owner === "nobody's" ? fresh() : named(asked) }),
  deleteTenant: doomedTenant,
  listTenants: nothing,
  issueCertificate: (asked) => ({ tenantId: named(asked) }),
  shutdown: nothing,
};

/** Operations that know only one resource (the node, or what is in the request itself), and those that know services. */
const single: ReadonlySet<string> = new Set<OperationName>(["validate", "verifyLog", "audit", "listTenants", "shutdown"]);
const aboutServices: ReadonlySet<string> = new Set<OperationName>(["status", "kill", "watch", "call", "cast"]);

const ownersFor = (name: OperationName): readonly Owner[] =>
  owners.slice(0, single.has(name) ? 1 : aboutServices.has(name) ? 4 : 3);

/** What a Solo serves besides its own contract: no tenant's, and for everyone that it knows. */
const besides = [
  ["grpc.health.v1.Health/Check", "unary", ""],
  ["grpc.health.v1.Health/List", "unary", ""],
  ["grpc.health.v1.Health/Watch", "first", ""],
  // list_services
  ["grpc.reflection.v1.ServerReflection/ServerReflectionInfo", "exchange", "3a00"],
  ["grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo", "exchange", "3a00"],
  ["solo.v1.SoloKernel/NoSuchMethod", "unary", ""],
] as const;

// ---------------------------------------------------------------- what is answered

const clientOf = (actor: Actor): RawClient => {
  const client = clients.get(actor);
  assert.ok(client !== undefined);
  return client;
};

async function answer(operation: Operation, asked: Asked): Promise<string> {
  const fields = await requests[operation.name](asked);
  const request = Buffer.from(toBinary(operation.input, create(operation.input, { ...fields })));
  const client = clientOf(asked.actor);
  if (operation.kind === "unary") return say(await client.unary(operation.path, request));
  // An administrator may wait for the events of a tenant that is not there: it may have been, or be made.
  const waits = operation.name === "watchEvents" && asked.owner === "nobody's";
  return say(await client.first(operation.path, request, waits ? { timeoutMs: 1_000 } : {}));
}

/** Only a Solo's own answer has a code: a connection that TLS refuses, or a wait that had no end, has none. */
const say = ({ status, trouble }: Answer): string =>
  status === "OK" || trouble.code === "UNKNOWN" ? status : `${status} ${trouble.code}`;

type Row = Readonly<Record<string, string | Readonly<Record<string, string>>>>;

async function rowOf(operation: Operation): Promise<Row> {
  const row: Record<string, string | Record<string, string>> = {};
  for (const actor of actors) {
    const cells: Record<string, string> = {};
    for (const owner of ownersFor(operation.name)) cells[owner] = await answer(operation, { actor, owner });
    const different = new Set(Object.values(cells));
    const [only = ""] = different;
    row[actor] = different.size === 1 ? only : cells;
  }
  return row;
}

test("every actor is answered for every operation, on its own, another's and nobody's, as it was agreed", async () => {
  const matrix: Record<string, Row> = {};
  for (const [path, ask, request] of besides) {
    const row: Record<string, string> = {};
    for (const actor of actors) row[actor] = say(await clientOf(actor)[ask](`/${path}`, Buffer.from(request, "hex")));
    matrix[path] = row;
  }
  // The end of the node comes last.
  const inOrder = operations.toSorted((a, b) => Number(a.name === "shutdown") - Number(b.name === "shutdown"));
  for (const operation of inOrder) matrix[operation.rpc] = await rowOf(operation);
  expectGolden("authority.json", matrix);

  for (const [rpc, row] of Object.entries(matrix)) {
    for (const actor of ["tenant ada", "tenant bob"]) {
      const cells = row[actor];
      if (typeof cells !== "object") continue;
      assert.equal(cells["another's"], cells["nobody's"], `${rpc} tells ${actor} whether another tenant exists`);
      assert.match(cells["another's"] ?? "", /NOT_FOUND|DENIED|UNIMPLEMENTED/, `${rpc} of ${actor} on another's`);
    }
  }
});
