/** How tests ask a Solo, and read its answers. */
import assert from "node:assert/strict";
import { Status_Value, type Event, type StatusResponse } from "../../src/api/index.ts";
import { SoloError, type SoloClient } from "../../src/client/index.ts";
import { until } from "./solo.ts";

/** A module of a service whose class has these members. */
export const service = (members: string): Buffer =>
  Buffer.from(
    `import { Refusal, Service } from "solo:service";\nexport default class Probe extends Service {\n${members}\n}\n`,
  );

/** Shut until somebody opens it: others do something until it is. */
export const gate: Buffer = service(`
  wide = false;
  open() { this.wide = true; }
  isOpen() { return this.wide; }`);

/** The refusal that an answer must be. */
export async function refusalOf(answer: Promise<unknown>): Promise<SoloError> {
  const [settled] = await Promise.allSettled([answer]);
  return refusalIn(settled);
}

export function refusalIn(settled: PromiseSettledResult<unknown>): SoloError {
  assert.equal(settled.status, "rejected", "it is refused");
  assert.ok(settled.reason instanceof SoloError, String(settled.reason));
  return settled.reason;
}

/** Every event that the client may see, oldest first. */
export async function eventsOf(client: SoloClient, eventTypes: readonly string[] = []): Promise<Event[]> {
  const all: Event[] = [];
  for (let cursor = 0n; ;) {
    const page = await client.queryEvents({ filter: { eventTypes: [...eventTypes] }, cursor, limit: 1_000 });
    all.push(...page.events);
    if (page.nextCursor === 0n) return all;
    cursor = page.nextCursor;
  }
}

export const isRunning = ({ status }: Pick<StatusResponse, "status">): boolean => status === Status_Value.RUNNING;

/** Resolves with the status once it is as wanted. */
export async function untilStatus(
  client: SoloClient,
  serviceId: string,
  what: string,
  holds: (status: StatusResponse) => boolean | Promise<boolean>,
  withinMs?: number,
): Promise<StatusResponse> {
  let seen: StatusResponse | undefined;
  await until(
    `${serviceId} ${what}`,
    async () => {
      seen = await client.status({ serviceId });
      return holds(seen);
    },
    withinMs,
  );
  assert.ok(seen !== undefined);
  return seen;
}

/** Whether following the causes of `from` leads to `to`. */
export function leadsTo(events: readonly Event[], from: Event, to: Event): boolean {
  const byId = new Map(events.map((event) => [event.id, event]));
  let at: Event | undefined = from;
  while (at !== undefined && at.id > to.id) at = byId.get(at.causationId);
  return at?.id === to.id;
}

export const isGapFree = (events: readonly Event[]): boolean => events.every(({ id }, at) => id === BigInt(at + 1));
