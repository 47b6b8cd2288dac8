/**
 * What must be true after each round, once every answer is in: the clients' accounts and the node's agree, the node's words
 * are true, and everything that should live does, or says why not yet and when.
 */
import assert from "node:assert/strict";
import { setTimeout as wait } from "node:timers/promises";
import { Status_Value, statusWord, type ServiceInfo, type StatusResponse } from "../../src/api/index.ts";
import type { SoloClient } from "../../src/client/index.ts";
import type { Account } from "./account.ts";
import type { Striker } from "./blows.ts";
import type { Ledger, Life } from "./ledger.ts";
import type { Node } from "./node.ts";
import type { Worker } from "./worker.ts";

/** For a service to run again after a blow; one that spent its restarts rests longer, and says so. */
const backMsMax = 20_000;
/** A tenant's services end, and its traces are erased, after the answer. */
const goneMsMax = 20_000;

export interface Checked {
  readonly node: Node;
  readonly workers: readonly Worker[];
  readonly ledger: Ledger;
  readonly striker: Striker;
  /** Tenants whose services may die of what they do themselves. */
  readonly wild?: (tenant: string) => boolean;
  /** The newest checkpoint of the log that was noted. */
  checkpoint: { readonly id: bigint; readonly hash: string } | undefined;
}

export async function check(all: Checked): Promise<void> {
  const admin = all.node.client("admin");
  await standings(all, admin);
  for (const worker of all.workers) await worker.look();
  await all.ledger.readOn(admin);
  await log(all, admin);
  acknowledgements(all);
  for (const life of all.ledger.lives.values()) explained(all, life);
  for (const account of accountsOf(all)) changed(all.ledger, account);
  await tenants(all, admin);
}

const accountsOf = ({ workers }: Checked): readonly Account[] => workers.flatMap(({ accounts }) => accounts);

// ---------------------------------------------------------------- states

async function standings(all: Checked, admin: SoloClient): Promise<void> {
  const until = performance.now() + backMsMax;
  const accounts = accountsOf(all);
  for (;;) {
    const listed = new Map(
      (await admin.list({})).services.map((service) => [`${service.tenantId}/${service.serviceId}`, service]),
    );
    const late: Account[] = [];
    for (const account of accounts) {
      const there = listed.get(`${account.tenant}/${account.service}`);
      if (!(await stands(admin, account, there))) late.push(account);
    }
    if (late.length === 0) return;
    const [first] = late;
    assert.ok(performance.now() < until, `${first?.tenant}/${first?.service} is not back after ${backMsMax} ms`);
    await wait(20);
  }
}

/** False: not yet. Throws what must never be. */
async function stands(admin: SoloClient, account: Account, there: ServiceInfo | undefined): Promise<boolean> {
  const { standing } = account;
  const name = `${account.tenant}/${account.service}`;
  if (standing.name === "absent") {
    assert.equal(there, undefined, `${name} is there, and nobody was told that it was deployed`);
    return true;
  }
  assert.ok(there !== undefined, `${name} was acknowledged (${standing.name}), and is lost`);
  const word = statusWord(there.status);
  switch (standing.name) {
    case "killed":
      assert.equal(there.status, Status_Value.STOPPED, `${name} was acknowledged as killed, and is ${word}`);
      assert.equal(there.reason, standing.reason, `${name} was killed`);
      return true;
    case "failed":
      assert.equal(there.status, Status_Value.ERROR, `${name} failed to start, and is ${word}`);
      assert.match(there.reason, /cell lost/, `${name} failed to start`);
      return true;
    case "deployed":
      if (there.status === Status_Value.RUNNING) return true;
      return restsTruly(name, await admin.status({ tenantId: account.tenant, serviceId: account.service }));
  }
}

/** A service that was deployed and does not run says that it will, when, and what ended it. */
function restsTruly(name: string, status: StatusResponse): boolean {
  const word = statusWord(status.status);
  assert.ok(!["STOPPED", "STOPPING"].includes(word), `${name} was acknowledged as deployed, and is ${word}`);
  if (word !== "ERROR" || status.nextRestartMs === 0n) return false;
  assert.match(status.reason, /cell lost|ended with the node/, `${name} says why it does not run`);
  assert.match(status.deaths[0]?.type ?? "", /cell_lost/);
  return status.reason.includes("rests until");
}

// ---------------------------------------------------------------- the log

async function log(all: Checked, admin: SoloClient): Promise<void> {
  const { checkpoint } = all;
  const expected = checkpoint === undefined ? {} : { expectedId: checkpoint.id, expectedHash: checkpoint.hash };
  const verified = await admin.verifyLog(expected);
  assert.ok(verified.valid, `the log does not verify: event ${verified.firstBadId}: ${verified.problem}`);
  assert.equal(verified.eventsChecked, verified.headId, "every event up to the head was verified");
  assert.ok(verified.headId >= (checkpoint?.id ?? 0n), "the log only grows");
  all.checkpoint = { id: verified.headId, hash: verified.headHash };
}

function acknowledgements({ workers, ledger }: Checked): void {
  for (const { acknowledged } of workers) {
    for (const request of acknowledged.splice(0)) {
      assert.ok(ledger.requests.has(request), `${request} was acknowledged, and the log does not know it`);
    }
  }
}

/** Nobody dies here of anything but what the striker did. */
function explained({ ledger, striker, wild }: Checked, life: Life): void {
  const { tenant, service, incarnation, cell, end } = life;
  if (wild?.(tenant) === true) return;
  const name = `${tenant}/${service} ${incarnation}`;
  if (end === undefined) {
    assert.ok(
      cell === undefined || striker.struckAt(cell) === undefined,
      `${name} lives on in cell ${cell}, which was killed`,
    );
    return;
  }
  if (end.type === "killed" || end.type === "stopped") return;
  assert.equal(end.type, "cell_lost", `${name} died of what nobody did to it`);
  if (end.loss === "node" || cell === undefined) return;
  assert.ok(striker.struck(cell), `${name} died with cell ${cell}, which nobody killed: ${end.loss}`);
  assert.equal(end.loss, "signal SIGKILL", `${name} is told the true end of its cell`);
  assert.equal(ledger.lost.get(cell), "signal SIGKILL", `the loss of cell ${cell} is in the log`);
}

/** A service has another life than before only if the former one is known to have ended. */
function changed(ledger: Ledger, account: Account): void {
  for (const [from, to] of account.changes.splice(0)) {
    const name = `${account.tenant}/${account.service}`;
    const [before, after] = [ledger.life(account.tenant, from), ledger.life(account.tenant, to)];
    assert.ok(before?.end !== undefined, `${name} went from ${from} to ${to}, and nothing had ended`);
    assert.equal(after?.service, account.service, `${name} lives as ${to}, which the log does not know`);
  }
}

// ---------------------------------------------------------------- tenants

async function tenants({ workers, ledger }: Checked, admin: SoloClient): Promise<void> {
  const until = performance.now() + goneMsMax;
  for (;;) {
    const listed = new Set((await admin.listTenants({})).tenants.map(({ tenantId }) => tenantId));
    const lingering: string[] = [];
    for (const [tenant, standing] of workers.flatMap((worker) => [...worker.tenants])) {
      if (standing === "made") {
        assert.ok(listed.has(tenant), `tenant ${tenant} was acknowledged, and is lost`);
        assert.ok(ledger.tenants.has(tenant), `tenant ${tenant} is not in the log`);
      } else if (listed.has(tenant)) lingering.push(tenant);
    }
    if (lingering.length === 0) break;
    assert.ok(performance.now() < until, `tenant ${lingering[0]} is not gone ${goneMsMax} ms after its end`);
    await wait(20);
  }
  // Gone for good: looked for once.
  for (const worker of workers) {
    for (const [tenant, standing] of worker.tenants) if (standing === "deleted") worker.tenants.delete(tenant);
  }
}
