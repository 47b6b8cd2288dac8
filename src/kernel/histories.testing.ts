/**
 * Random histories: sequences of inputs, drawn for fast-check and played against a kernel in memory, whose cells hold what they
 * are told to hold until they say otherwise.
 */
import fc from "fast-check";
import * as arbitrary from "../../test/arbitraries/base.ts";
import {
  type CellLoss,
  cellNumber,
  type Death,
  incarnationNumber,
  type IncarnationNumber,
  insist,
  never,
  resourceLimitsDefault,
} from "../base/index.ts";
import { sharedResources } from "./event.ts";
import type { Input, Survivor, Turn } from "./turn.ts";
import { admin, agent, crash, normalEnd, release, requestId, serviceId, tenantId, World } from "./world.ts";

const tenants = ["t", "u"];
/** A few of each kind of death; always the same, so that the numbers of an action choose among them. */
const deaths: readonly Death[] = [crash, normalEnd, ...fc.sample(arbitrary.death, { numRuns: 80, seed: 1 })];
const losses: readonly CellLoss[] = fc.sample(arbitrary.cellLoss, { numRuns: 60, seed: 1 });

export interface Action {
  readonly act: Act;
  readonly a: number;
  readonly b: number;
  readonly c: number;
  readonly d: number;
}
/** How often each is drawn. */
const weights = {
  create: 2,
  delete: 2,
  retired: 1,
  certificate: 1,
  shutDown: 1,
  deploy: 6,
  kill: 1,
  force: 1,
  started: 16,
  ended: 8,
  late: 1,
  cell: 1,
  wait: 8,
  kernel: 1,
  node: 1,
  stop: 1,
  missing: 1,
  jump: 1,
  violation: 2,
  circuit: 1,
  pressure: 1,
  relieve: 1,
} as const;
type Act = keyof typeof weights;
const acts = Object.entries(weights).flatMap(([act, weight]) => Array.from({ length: weight }, () => act as Act));
const action: fc.Arbitrary<Action> = fc.record({
  act: fc.constantFrom(...acts),
  a: fc.nat(1),
  b: fc.nat(2),
  c: fc.nat(99),
  d: fc.nat(99),
});

const at = <T>(list: readonly T[], index: number): T | undefined => list[index % list.length];

/** What the cells of the node hold: the truth that the kernel hears of. */
export class Cells {
  readonly held = new Map<string, { tenant: string; incarnation: IncarnationNumber; slot: string }>();

  obey(turn: Turn): void {
    for (const effect of turn.effects) {
      if (effect.type === "retire_tenant") {
        for (const [key, { tenant }] of this.held) if (tenant === effect.tenant) this.held.delete(key);
      }
      if (effect.type !== "start") continue;
      const slot = `${effect.tenant}/${effect.service}/${effect.instance}`;
      const key = `${effect.tenant}#${effect.incarnation}`;
      for (const other of this.held.values()) {
        insist(other.slot !== slot || other.incarnation === effect.incarnation, `${slot} lives twice`);
      }
      this.held.set(key, { tenant: effect.tenant, incarnation: effect.incarnation, slot });
    }
  }

  end(tenant: string, incarnation: IncarnationNumber): void {
    this.held.delete(`${tenant}#${incarnation}`);
  }

  /** Which instance of which service an incarnation is. */
  slotOf(tenant: string, incarnation: IncarnationNumber): { readonly service: string; readonly instance: number } {
    const [, service = "", instance] = this.held.get(`${tenant}#${incarnation}`)?.slot.split("/") ?? [];
    return { service, instance: Number(instance) };
  }

  of(tenant: string): IncarnationNumber[] {
    return [...this.held.values()].filter((held) => held.tenant === tenant).map(({ incarnation }) => incarnation);
  }
}

export function inputOf(world: World, cells: Cells, { act, a, b, c, d }: Action): Input | undefined {
  const name = tenants[a] ?? "t";
  const tenant = tenantId(name);
  const service = serviceId(`s${b}`);
  const principal = c % 3 === 0 ? agent(tenants[d % 2] ?? "t") : admin;
  const request = d % 4 === 0 ? { request: { id: requestId(`r${c % 20}`), fingerprint: `${act}${d % 8}` } } : {};
  const command = { type: "command", principal, ...request } as const;
  const held = cells.of(name);
  const one = at(held, c);
  switch (act) {
    case "create":
      return { ...command, command: { type: "create_tenant", tenant } };
    case "delete":
      // One that is under way is asked for again.
      return c < 40 || world.state.tenants.get(tenant)?.phase === "deleting"
        ? { ...command, command: { type: "delete_tenant", tenant } }
        : undefined;
    case "retired":
      return { type: "retired", tenant, through: world.state.lastEvent, count: 1 };
    case "certificate":
      return {
        ...command,
        command: { type: "issue_certificate", role: "tenant", tenant, fingerprint: "f", notAfterMs: 1 },
      };
    case "shutDown":
      return { ...command, command: { type: "shut_down" } };
    case "deploy": {
      const strategy = at(["one_for_one", "one_for_all", "rest_for_one"] as const, c) ?? "one_for_one";
      const restart = at(["permanent", "permanent", "transient", "temporary"] as const, d) ?? "permanent";
      const supervision = {
        strategy,
        intensity: { restartsMax: d % 3, withinMs: 5_000 },
        backoff: { firstMs: c % 2 === 0 ? 0 : 50, factor: 4, waitMsMax: 1_000 },
      };
      return {
        ...command,
        command: {
          type: "deploy",
          tenant,
          service,
          release: release({
            restart,
            supervision,
            tier: c % 10 === 7 ? "system" : "user",
            limits: {
              ...resourceLimitsDefault,
              limitExceededAction: at(["kill", "throttle", "warn"] as const, c) ?? "kill",
            },
          }),
          instances: [1, 2, 3, 1, 0][d % 5] ?? 1,
        },
      };
    }
    case "kill":
    case "force":
      return { ...command, command: { type: "kill", tenant, service, forced: act === "force" } };
    case "started":
      return one === undefined
        ? undefined
        : { type: "started", tenant, incarnation: one, cell: cellNumber(1), tookMs: 1 };
    case "ended":
      if (one === undefined) return undefined;
      cells.end(name, one);
      return { type: "ended", tenant, incarnation: one, death: at(deaths, d) ?? crash, started: d % 2 === 0 };
    case "late": {
      const incarnation = incarnationNumber(c + 1);
      if (held.includes(incarnation)) return undefined;
      return { type: "ended", tenant, incarnation, death: crash, started: true };
    }
    case "cell": {
      const victims = held.filter((_, i) => (c >> i) % 2 === 0);
      for (const victim of victims) cells.end(name, victim);
      return {
        type: "cell_lost",
        cell: cellNumber(1),
        tenant,
        loss: at(losses, d) ?? { type: "node" },
        victims: victims.map((incarnation) => ({ incarnation, inFlight: (incarnation + d) % 2 === 0 })),
      };
    }
    case "wait":
      world.now = (world.now + c * c * 10) as typeof world.now;
      return { type: "woken" };
    case "kernel": {
      const survivors: Survivor[] = [];
      for (const [key, { tenant: of, incarnation, slot }] of cells.held) {
        if ((incarnation + d) % 5 === 0) cells.held.delete(key);
        else
          survivors.push({
            tenant: tenantId(of),
            service: serviceId(slot.split("/")[1] ?? ""),
            incarnation,
            cell: cellNumber(1),
            phase: "running",
          });
      }
      return { type: "booted", epoch: world.state.epoch, boot: world.state.boot, version: "0", survivors };
    }
    case "node":
      cells.held.clear();
      return { type: "booted", epoch: world.state.epoch, boot: `boot-${c}-${d}`, version: "0", survivors: [] };
    case "stop":
      if (c > 20) return undefined;
      cells.held.clear();
      return {
        type: "node_stopped",
        outcome: d % 2 === 0 ? "clean" : "deadline",
        ...(d % 3 === 0 ? {} : { misfits: everyThird(world) }),
      };
    case "missing":
      // It is asked for only where no cell holds it.
      if (one === undefined) return undefined;
      cells.end(name, one);
      return { type: "missing", tenant, incarnation: one };
    case "jump":
      return { type: "clock_jumped", fromMs: c, toMs: d };
    case "violation": {
      if (one === undefined) return undefined;
      const slot = cells.slotOf(name, one);
      return {
        type: "violation",
        tenant,
        service: serviceId(slot.service),
        instance: slot.instance,
        incarnation: one,
        what: at(["memory", "mailbox", "processes", "tenant_memory", "tenant_processes"] as const, d) ?? "memory",
        used: c,
        limit: d,
        phase: c % 2 === 0 ? "entered" : "left",
        peak: c,
        looks: 1,
      };
    }
    case "circuit":
      return c % 2 === 0
        ? { type: "circuit_opened", tenant, service, failures: c, retryMs: d, why: "it fails" }
        : { type: "circuit_closed", tenant, service, openMs: c, refused: d };
    case "pressure":
      return {
        type: "pressure",
        direction: c % 2 === 0 ? "rose" : "fell",
        what: at(sharedResources, d) ?? "disk",
        used: c,
        limit: d,
        percent: d % 2 === 0 ? 80 : 90,
        ...(d % 3 === 0 ? { cell: cellNumber(1) } : {}),
      };
    case "relieve":
      return {
        type: "relieve",
        what: at(sharedResources, d) ?? "disk",
        percent: c,
        count: d % 4,
        ...(d % 3 === 0 ? { cell: cellNumber(1) } : {}),
      };
    default:
      return never(act);
  }
}

/** Of all that lives, those that ended badly. */
const everyThird = ({ state }: World): NonNullable<Extract<Input, { type: "node_stopped" }>["misfits"]> =>
  [...state.index.living]
    .flatMap(([tenant, living]) => [...living.keys()].map((incarnation) => ({ tenant, incarnation, death: crash })))
    .filter((_, at) => at % 3 === 0);

export function play(
  actions: readonly Action[],
  afterEach: (world: World, turn: Turn, input: Input, cells: Cells) => void,
): World {
  const world = World.of("t");
  const cells = new Cells();
  for (const step of actions) {
    const input = inputOf(world, cells, step);
    if (input === undefined) continue;
    const turn = world.take(input);
    cells.obey(turn);
    afterEach(world, turn, input, cells);
  }
  return world;
}

export const sequence = fc.array(action, { minLength: 30, maxLength: 200, size: "max" });
