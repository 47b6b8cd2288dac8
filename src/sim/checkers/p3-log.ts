/**
 * P3, no lost truth, of the log itself: numbers without gaps, in the node and in each tenant; time never goes back; causes
 * come first; and what was once said to be durable is there after every crash, unchanged.
 */
import { type Event, upcast } from "../../kernel/index.ts";
import { type Checker, type Fact, promise } from "../world/facts.ts";

const check: ReturnType<typeof promise> = promise("P3");

export function p3Log(): Checker {
  const known: Event[] = [];
  /** The event that erased a tenant's payloads, and up to where. */
  const erased = new Map<string, number>();
  const sequences = new Map<string, number>();

  return {
    promise: "P3",
    see: (fact: Fact) => {
      if (fact.type === "committed") for (const event of fact.events) append(event);
      if (fact.type === "recovered") compare(fact.log);
    },
  };

  function append(event: Event): void {
    const { id, tenant, tenantSequence, timestamp, causation, type, payload } = event;
    check(id === known.length + 1, () => `event ${id} follows event ${known.length}`);
    check(timestamp >= (known.at(-1)?.timestamp ?? 0), () => `time goes back at event ${id}`);
    check(causation === undefined || causation < id, () => `event ${id} is caused by ${String(causation)}`);
    check(!("refused" in upcast(event)), () => `event ${id} (${type}) is of a version that is not ours`);
    if (tenant === undefined) check(tenantSequence === undefined, () => `event ${id} has a sequence and no tenant`);
    else {
      const expected = (sequences.get(tenant) ?? 0) + 1;
      check(
        tenantSequence === expected,
        () => `event ${id} is ${String(tenantSequence)} of ${tenant}, not ${expected}`,
      );
      sequences.set(tenant, expected);
    }
    if (event.type === "payload_erased" && payload !== undefined && event.payload !== undefined) {
      erased.set(event.payload.erased, event.payload.through);
    }
    known.push(event);
  }

  function compare(log: Iterable<Event>): void {
    let at = 0;
    for (const event of log) {
      const before = known[at++];
      if (before === event) continue;
      check(before !== undefined, () => `event ${event.id} was never said to be durable`);
      if (event.payload === undefined && before.payload !== undefined) {
        const through = erased.get(event.tenant ?? "") ?? 0;
        check(event.id <= through, () => `the payload of event ${event.id} is gone, and nothing says why`);
        const { payload: _, ...header } = before;
        check(JSON.stringify(header) === JSON.stringify(event), () => `event ${event.id} was altered`);
      } else {
        check(JSON.stringify(before) === JSON.stringify(event), () => `event ${event.id} was altered`);
      }
      known[at - 1] = event;
    }
    check(at === known.length, () => `the log ends at ${at} and was durable up to ${known.length}`);
  }
}
