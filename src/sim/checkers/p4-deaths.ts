/**
 * P4, truthful deaths: each life that ended has exactly one death in the log, and its reason is the one that it really had.
 * Where a cell ended before it could report, its loss is the truth that is left. What was told to stop before it was known to
 * run may say so, since nobody knows where it was. The end of a cell is recorded once, but for victims that were found later.
 */
import {
  type CellLoss,
  type CellNumber,
  type Death,
  type EventId,
  type IncarnationNumber,
  sayDeath,
  type TenantId,
} from "../../base/index.ts";
import { type Event, evolve, initialState, type Phase } from "../../kernel/index.ts";
import { canonical } from "../world/canonical.ts";
import { type Checker, type Fact, promise } from "../world/facts.ts";
import { type Life, lifeKey, sayLife } from "../world/life.ts";

const check: ReturnType<typeof promise> = promise("P4");

interface End {
  readonly incarnation: IncarnationNumber;
  readonly death: Death;
  readonly resumes?: true;
}

export function p4Deaths(): Checker {
  const believed = initialState();
  const lives = new Map<string, Life[]>();
  const asked = new Map<string, Death[]>();
  /** Whose cell's own word the kernel that is up has had: nothing else may be said of them. */
  const heard = new Set<string>();
  const losses = new Map<CellNumber, CellLoss>();
  /** The cells of which the log has the end. */
  const recorded = new Set<string>();

  return {
    promise: "P4",
    see: (fact: Fact) => {
      switch (fact.type) {
        case "life_began": {
          const key = lifeKey(fact.life);
          lives.set(key, [...(lives.get(key) ?? []), fact.life]);
          return;
        }
        case "end_heard":
          heard.add(keyOf(fact.tenant, fact.incarnation));
          return;
        case "kernel_died":
          return heard.clear();
        case "cell_ended":
          losses.set(fact.cell, fact.loss);
          return;
        case "committed":
          for (const event of fact.events) take(event);
          return;
        case "at_rest":
          return everyEndIsRecorded();
        default:
          return;
      }
    },
  };

  function take(event: Event): void {
    switch (event.type) {
      case "service_crashed":
      case "instance_stopped":
      case "service_deployment_failed":
        if (event.tenant !== undefined && event.payload !== undefined) judge(event.tenant, event.id, event.payload);
        break;
      case "tenant_deleted":
        check(
          (believed.index.living.get(event.tenant ?? ("" as TenantId))?.size ?? 0) === 0,
          "a tenant went with lives left",
        );
        break;
      case "kernel_started":
        return nodeMayHaveEnded(event);
      case "cell_lost":
        lostCell(event);
        break;
      default:
        break;
    }
    evolve(believed, event);
    if (event.tenant !== undefined) noteStops(event.tenant, event.payload);
  }

  /** What was told to stop was told with which death, and may be told again with another. */
  function noteStops(tenant: TenantId, payload: Event["payload"]): void {
    const services = believed.tenants.get(tenant)?.services;
    const touched =
      payload !== undefined && "service" in payload
        ? [services?.get(payload.service)]
        : [...(services?.values() ?? [])];
    for (const service of touched) {
      for (const { phase } of service?.instances.values() ?? []) {
        if (phase.name !== "stopping") continue;
        const key = keyOf(tenant, phase.incarnation);
        const known = asked.get(key) ?? [];
        if (!known.some((one) => same(one, phase.death))) asked.set(key, [...known, phase.death]);
      }
    }
  }

  function judge(tenant: TenantId, id: EventId, { incarnation, death, resumes }: End): void {
    const phase = phaseOf(tenant, incarnation);
    check(phase !== undefined, () => `event ${id} records an end of ${tenant}#${incarnation}, which was not alive`);
    const key = keyOf(tenant, incarnation);
    const mine = lives.get(key) ?? [];
    // Past the deadline of a shutdown, what lives is cut off with its node, a moment later.
    if (resumes === true && death.type === "cell_lost" && death.loss.type === "closed") return;
    const alive = mine.find((life) => life.phase !== "ended");
    check(alive === undefined, () => `event ${id} says "${sayDeath(death)}" of what lives: ${sayLife(alive as Life)}`);
    const isAnywhere = phase.name === "stopping" && phase.cell === undefined;
    const isAsked = isAnywhere && asked.get(key)?.some((one) => same(one, death)) === true;
    const problem = isAsked ? undefined : judgeDeath(death, mine, heard.has(key));
    check(
      problem === undefined,
      () => `event ${id}, ${tenant}#${incarnation} (${phase.name}): "${sayDeath(death)}", ${problem ?? ""}`,
    );
  }

  function judgeDeath(death: Death, mine: readonly Life[], wasHeard: boolean): string | undefined {
    const last = mine.at(-1);
    if (last?.death === undefined) {
      // Never loaded: only its cell can have failed it.
      const known = death.type === "cell_lost" && [...losses.values()].some((loss) => equal(loss, death.loss));
      return known ? undefined : "but it never began";
    }
    if (same(death, last.death)) return undefined;
    if (death.type === "cell_lost" && !wasHeard) {
      // Its cell was lost with its report; and so, perhaps, was the next one, before it began there again.
      if (losses.has(last.cell) && [...losses.values()].some((loss) => equal(loss, death.loss))) return undefined;
    }
    return `but in truth "${sayDeath(last.death)}"`;
  }

  function lostCell({ id, subject, payload }: Extract<Event, { readonly type: "cell_lost" }>): void {
    const isAgain = recorded.has(subject) && payload?.victims === 0;
    check(!isAgain, () => `event ${id} records the end of ${subject} once more`);
    recorded.add(subject);
  }

  function nodeMayHaveEnded(event: Event): void {
    const before = [...believed.index.living].flatMap(([tenant, of]) => [...of.keys()].map((one) => ({ tenant, one })));
    evolve(believed, event);
    for (const { tenant, one } of before) {
      if (believed.index.living.get(tenant)?.has(one) === true) continue;
      const alive = lives.get(keyOf(tenant, one))?.find((life) => life.phase !== "ended");
      check(
        alive === undefined,
        () => `the node is said to have ended, and something lives: ${sayLife(alive as Life)}`,
      );
    }
  }

  function everyEndIsRecorded(): void {
    for (const mine of lives.values()) {
      const last = mine.at(-1);
      if (last === undefined || mine.some((life) => life.phase !== "ended")) continue;
      if (believed.tenants.get(last.tenant)?.createdBy !== last.tenantSince) continue;
      const known = phaseOf(last.tenant, last.incarnation);
      check(
        known === undefined,
        () => `nobody recorded the end of ${sayLife(last)}: it is said to be ${known?.name ?? ""}`,
      );
    }
  }

  function keyOf(tenant: TenantId, incarnation: IncarnationNumber): string {
    const tenantSince = believed.tenants.get(tenant)?.createdBy ?? (0 as EventId);
    return lifeKey({ tenant, tenantSince, incarnation });
  }

  /** Of what the log believes to live. */
  function phaseOf(tenant: TenantId, incarnation: IncarnationNumber): Phase | undefined {
    const at = believed.index.living.get(tenant)?.get(incarnation);
    return at === undefined
      ? undefined
      : believed.tenants.get(tenant)?.services.get(at.service)?.instances.get(at.instance)?.phase;
  }
}

const equal = (a: unknown, b: unknown): boolean => canonical(a) === canonical(b);

/** Whether it was at work then is the kernel's guess, not the cell's word. */
const same = (a: Death, b: Death): boolean =>
  a.type === "cell_lost" && b.type === "cell_lost" ? equal(a.loss, b.loss) : equal(a, b);
