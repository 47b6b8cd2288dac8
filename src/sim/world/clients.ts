/**
 * Who asks: an administrator, the tenants' agents, and agents who try their luck with other tenants. They deploy, kill,
 * create and delete at random, repeat requests with the same content and with another, wait for outcomes, give up waiting.
 */
import { hash as hashOf } from "node:crypto";
import {
  defined,
  isRefusal,
  parseArtifactHash,
  parseReleaseId,
  parseRequestId,
  parseServiceId,
  parseTenantId,
  resourceLimitsDefault,
  type ServiceId,
  type TenantId,
} from "../../base/index.ts";
import type { Command, Principal, Release } from "../../kernel/index.ts";
import type { CommandOrder } from "./facts.ts";
import type { KernelProcess } from "./kernel-process.ts";
import type { Plan } from "./plan.ts";
import type { Random } from "./random.ts";
import type { Time } from "./time.ts";

export interface ClientsParts {
  readonly plan: Plan;
  readonly random: Random;
  readonly time: Time;
  readonly fail: (error: unknown) => void;
}

const anyHash = "5".repeat(64);
const admin: Principal = { role: "admin", name: "admin" };
const rememberedMax = 200;

export class Clients {
  readonly #parts: ClientsParts;
  readonly #tenants: readonly [TenantId, ...TenantId[]];
  readonly #services: readonly [ServiceId, ...ServiceId[]];
  /** What was asked under a name, to be asked again. */
  readonly #named: CommandOrder[] = [];
  #requests = 0;

  constructor(parts: ClientsParts) {
    this.#parts = parts;
    const names = Array.from({ length: parts.plan.tenants }, (_, i) => tenantId(`t${i}`));
    this.#tenants = [tenantId("default"), ...names];
    const services = Array.from({ length: parts.plan.servicesPerTenant - 1 }, (_, i) => serviceId(`s${i + 1}`));
    this.#services = [serviceId("s0"), ...services];
  }

  /** One of them does something. */
  act(kernel: KernelProcess): void {
    const { random, plan, fail } = this.#parts;
    if (random.chance(0.1)) return void kernel.read().catch(fail);
    const earlier = random.chance(plan.repeated) ? random.pickAny(this.#named) : undefined;
    const order = earlier === undefined ? this.#draw() : this.#again(earlier);
    this.#ask(kernel, order).catch(fail);
  }

  async #ask(kernel: KernelProcess, order: CommandOrder): Promise<void> {
    const { random, time } = this.#parts;
    const waits = random.chance(0.5);
    const givesUpAfter = random.chance(0.2) ? random.wait(500) : undefined;
    const answer = await kernel.command(order);
    const { command } = order;
    if (!waits || isRefusal(answer) || !kernel.alive) return;
    if (command.type !== "deploy" && command.type !== "kill") return;
    const [first] = answer.born;
    if (first === undefined) return;
    const patience = new AbortController();
    if (givesUpAfter !== undefined) time.after(givesUpAfter, () => patience.abort());
    const { tenant, service } = command;
    await kernel.settled({ tenant, service, incarnation: first.incarnation }, patience.signal);
  }

  /** The same once more, or another under the same name. */
  #again(earlier: CommandOrder): CommandOrder {
    const { random } = this.#parts;
    if (random.chance(0.8) || earlier.request === undefined) return earlier;
    const { command } = this.#draw();
    return { ...earlier, command, request: { ...earlier.request, fingerprint: fingerprintOf(command) } };
  }

  #draw(): CommandOrder {
    const { random, plan } = this.#parts;
    const tenant = random.pick(this.#tenants);
    const command = this.#command(tenant);
    const administrative =
      command.type === "create_tenant" || command.type === "issue_certificate" || command.type === "shut_down";
    const principal: Principal = random.chance(administrative ? 0.8 : 0.3)
      ? admin
      : { role: "tenant", tenant: random.chance(0.8) ? tenant : random.pick(this.#tenants) };
    const order: CommandOrder = { type: "command", principal, command };
    if (!random.chance(plan.named)) return order;
    const id = defined(parseRequestId(`r${++this.#requests}`), "a request_id");
    const named: CommandOrder = { ...order, request: { id, fingerprint: fingerprintOf(command) } };
    if (this.#named.length === rememberedMax) this.#named[random.below(rememberedMax)] = named;
    else this.#named.push(named);
    return named;
  }

  #command(tenant: TenantId): Command {
    const { random, plan } = this.#parts;
    const service = random.pick(this.#services);
    const kind = random.next();
    if (kind < 0.08) return { type: "create_tenant", tenant };
    if (kind < 0.1) return { type: "delete_tenant", tenant };
    // What ends the node comes at its own times: of the request only the memory is tried.
    if (kind < 0.105) return { type: "shut_down" };
    if (kind < 0.12) return { type: "issue_certificate", role: "tenant", tenant, fingerprint: "f", notAfterMs: 1 };
    if (kind < 0.75) {
      const quota = random.chance(0.2) ? { quota: { processesMax: random.pick([1, 10, 100]) } } : {};
      const instances = 1 + random.below(plan.instancesMax);
      return { type: "deploy", tenant, service, release: this.#release(), instances, ...quota };
    }
    const forced = random.chance(0.3);
    return random.chance(0.5)
      ? { type: "kill", tenant, service, forced }
      : { type: "kill", tenant, service, forced, graceMs: random.pick([0, 100, 5_000]) };
  }

  #release(): Release {
    const { random } = this.#parts;
    const artifact = defined(parseArtifactHash(anyHash), "an artifact");
    return {
      id: defined(parseReleaseId(anyHash), "a release"),
      format: "typescript",
      source: artifact,
      compiled: artifact,
      sourceMap: artifact,
      limits: {
        ...resourceLimitsDefault,
        startupTimeoutMs: random.pick([50, 5_000]),
        shutdownTimeoutMs: random.pick([0, 1_000, 30_000]),
        limitExceededAction: random.pick(["kill", "throttle", "warn"]),
      },
      restart: random.pick(["permanent", "permanent", "transient", "temporary"]),
      supervision: {
        strategy: random.pick(["one_for_one", "one_for_one", "one_for_all", "rest_for_one"]),
        intensity: random.pick([
          { restartsMax: 3, withinMs: 30_000 },
          { restartsMax: 0, withinMs: 1_000 },
          { restartsMax: 5, withinMs: 5_000 },
        ]),
        backoff: random.pick([
          { firstMs: 50, factor: 4, waitMsMax: 5_000 },
          { firstMs: 0, factor: 1, waitMsMax: 0 },
        ]),
      },
      tier: random.chance(0.1) ? "system" : "user",
      logLevel: "INFO",
    };
  }
}

const fingerprintOf = (command: Command): string => hashOf("sha256", JSON.stringify(command));

const tenantId = (name: string): TenantId => defined(parseTenantId(name), "a tenant's name");
const serviceId = (name: string): ServiceId => defined(parseServiceId(name), "a service's name");
