/**
 * The kernel process: its parts, in the order they start; they stop in the opposite one.
 *
 *   log ─▶ state (replayed) ─▶ router, builder, cells (re-adopted) ─▶ identity ─▶ booted ─▶ gateways ─▶ ready
 *
 * A bug in the log or the decider ends the process: init starts the next one, and the cells never notice (P5). In safe
 * mode nothing is decided and nothing is written: the state can be read, running services can be called.
 */
import {
  type IncarnationNumber,
  isRefusal,
  parseArtifactHash,
  type Refusal,
  refuse,
  type ServiceId,
  type TenantId,
} from "../base/index.ts";
import { type GrpcServer, type Identity, provideIdentity, startGrpc, writeProfile } from "../gateways/index.ts";
import {
  type Absence,
  type Breakers,
  Builder,
  Cells,
  connectToCell,
  type Life,
  Router,
  timing,
} from "../host/index.ts";
import {
  Clock,
  type Effect,
  type Event,
  eventVersions,
  heldIn,
  recover,
  type Recovered,
  type Release,
  Settling,
  type State,
  Turns,
  unplacedIn,
} from "../kernel/index.ts";
import { ServiceLogs } from "../observe/index.ts";
import { type EventLog, openEventLog, type WriterLink } from "../store/index.ts";
import { join } from "node:path";
import { absenceInSafeMode, absenceOf, lifeOf } from "./absence.ts";
import { Census } from "./census.ts";
import { type Config, readConfig } from "./config.ts";
import { Housekeeping } from "./housekeeping.ts";
import type { Begin, InitChannel } from "./init-channel.ts";
import type { Options } from "./options.ts";
import { makePorts } from "./ports.ts";
import { makeBreakers, Resources } from "./resources.ts";
import { type Ended, Shutdown } from "./shutdown.ts";
import { beginToDecide } from "./take-over.ts";
import { after } from "./timer.ts";
import { System } from "./system.ts";

/** An empty cell stays for the tenant's next service for this long. */
const emptyCellMsMax = 60_000;
/** How much more memory than others a cell of system services may have. */
const systemCellFactor = 2;
/** What a tenant's cells of system services weigh together on the processor; its others weigh 100. */
const systemCpuWeight = 400;

export interface KernelParts {
  readonly options: Options;
  readonly begin: Begin;
  readonly init: InitChannel;
  /** Started before there was anything to write. */
  readonly writer: WriterLink;
  /** A line for the kernel's own log. */
  readonly note: (text: string) => void;
  /** Ends the process: something that must never fail did. */
  readonly die: (why: string) => never;
  /** Ends the process: all is done. */
  readonly leave: () => void;
}

export class Kernel {
  readonly #parts: KernelParts;
  readonly #config: Config;
  readonly #log: EventLog;
  readonly #recovered: Recovered;
  readonly #clock: Clock;
  readonly #turns: Turns;
  readonly #settling: Settling;
  readonly #breakers: Breakers;
  readonly #router: Router;
  readonly #builder: Builder;
  readonly #cells: Cells;
  readonly #logs: ServiceLogs;
  readonly #housekeeping: Housekeeping;
  readonly #census = new Census();
  readonly #resources: Resources;
  readonly #system: System;
  readonly #shutdown: Shutdown;
  #grpc: GrpcServer | undefined;

  /** Opens everything, takes up what an earlier kernel left, and serves. A refusal ends Solo: it says what to mend. */
  static async boot(parts: KernelParts): Promise<Kernel | Refusal> {
    const { begin, options } = parts;
    const config = readConfig(options.dataDir, begin.safeMode !== undefined);
    if (isRefusal(config)) return config;
    const { boot, epoch } = begin;
    const log = await openEventLog({ dir: options.dataDir, boot, epoch, versions: eventVersions }, parts.writer);
    if (isRefusal(log)) return log;
    log.onFailure((failure) => parts.die(`the event log failed: ${failure.message}`));
    // Nothing else of this process can say that it is at work.
    const stillAtIt = (): void => parts.init.send({ type: "beat" });
    const kernel = new Kernel(parts, config, log, recover(log, begin.safeMode !== undefined, { stillAtIt }));
    const trouble = await kernel.#start();
    return trouble ?? kernel;
  }

  private constructor(parts: KernelParts, config: Config, log: EventLog, recovered: Recovered) {
    const { begin, options, init } = parts;
    const { state } = recovered;
    this.#parts = parts;
    this.#config = config;
    this.#log = log;
    this.#recovered = recovered;
    this.#clock = new Clock({ wallMs: Date.now, monotonicMs: () => performance.now() }, log.timestamp);
    this.#logs = new ServiceLogs(join(options.dataDir, "log", "services"), {
      noRoom: () => this.#housekeeping.noRoom() !== undefined,
    });
    this.#settling = new Settling({ state, newest: () => log.newest, whenDurable: (id) => log.whenDurable(id) });
    this.#turns = new Turns({
      state,
      log,
      clock: this.#clock,
      after,
      carryOut: (effect) => this.#carryOut(effect),
      evolved: (events) => this.#evolved(events),
    });
    this.#builder = new Builder(begin.epoch);
    this.#breakers = makeBreakers(config, this.#turns);
    this.#router = new Router({
      absence: (tenant, service) => this.#absence(tenant, service),
      life: (tenant, service, incarnation) => this.#life(tenant, service, incarnation),
      instances: (tenant, service) => state.tenants.get(tenant)?.services.get(service)?.instances.size ?? 0,
      breakers: this.#breakers,
      throttleMs: config.monitorIntervalMs,
      durable: () => log.whenDurable(log.newest),
      trace: (tenant, service, stack) => this.#trace(tenant, service, releaseIn(state, tenant, service), stack),
    });
    this.#cells = new Cells({
      epoch: begin.epoch,
      settings: {
        warmCells: options.warmCells,
        servicesPerCellMax: config.servicesPerCellMax,
        cellRssBytesMax: options.cellRssBytesMax,
        systemCell: { rssBytesMax: systemCellFactor * options.cellRssBytesMax, cpuWeight: systemCpuWeight },
        emptyMsMax: emptyCellMsMax,
      },
      router: this.#router,
      init: {
        spawn: (cell, rssBytesMax) => init.send({ type: "spawn_cell", cell, rssBytesMax }),
        limit: (cell, limits) => init.send({ type: "limit_cell", cell, ...limits }),
        assign: (cell, tenant, tier) => init.send({ type: "assign_cell", cell, tenant, tier }),
        kill: (cell, loss) => init.send({ type: "kill_cell", cell, loss }),
        acknowledgeExit: (cell) => init.send({ type: "acknowledge_exit", cell }),
      },
      submit: (input) => this.#turns.submit(input),
      artifact: (tenant, hash) => this.#artifact(tenant, hash),
      trace: (tenant, service, release, stack) => this.#trace(tenant, service, release, stack),
      log: ({ tenant, held, level, text, dropped }) =>
        this.#logs.record(
          { tenant, service: held.service },
          { atMs: this.#clock.wallMs(), level, text, dropped, instance: held.instance, incarnation: held.incarnation },
        ),
      releaseOf: (tenant, service) => releaseIn(state, tenant, service),
      residents: (cell) => heldIn(state, cell),
      unplaced: () => unplacedIn(state),
      deployedBy: (tenant, service) => state.tenants.get(tenant)?.services.get(service)?.deployedBy,
      timing,
      connect: connectToCell,
    });
    this.#housekeeping = new Housekeeping({
      dataDir: options.dataDir,
      log,
      turns: this.#turns,
      clock: this.#clock,
      readOnly: begin.safeMode !== undefined,
    });
    this.#resources = new Resources({
      config,
      dataDir: options.dataDir,
      turns: this.#turns,
      clock: this.#clock,
      cells: this.#cells,
      router: this.#router,
      breakers: this.#breakers,
      census: this.#census,
      logs: this.#logs,
    });
    this.#system = new System({
      parts:
        begin.safeMode === undefined
          ? [this.#housekeeping.watch, ...this.#resources.parts]
          : [this.#housekeeping.watch],
      now: () => performance.now(),
      after,
      note: parts.note,
      giveUp: (why) => parts.die(why),
    });
    this.#shutdown = new Shutdown({
      nowMs: () => performance.now(),
      order: (why, deadlineMs) => init.send({ type: "request_shutdown", why, deadlineMs }),
      gateway: () => this.#grpc,
      router: this.#router,
      settling: this.#settling,
      cells: this.#cells,
      record: (how) => this.#recordEnd(how),
      close: (outcome) => this.#close(outcome),
    });
  }

  async #start(): Promise<Refusal | undefined> {
    const { begin, options, init } = this.#parts;
    this.#builder.connect(begin.builderSocket);
    // Before init is listened to: a cell whose end is among its first news must be known by then.
    const adopting = this.#cells.adopt(begin.cells);
    init.listen((message) => {
      switch (message.type) {
        case "cell_spawned":
          return this.#cells.spawned(message);
        case "cell_exited":
          return this.#cells.exited(message.cell, message.loss, message.turns);
        case "builder_spawned":
          return this.#builder.connect(message.socket);
        case "census":
          return this.#census.take(message.cells, message.init);
        case "shutdown":
          return void this.#shutdown.run(message.deadlineMs);
      }
    });
    const [{ survivors, exits }, identity] = await Promise.all([
      adopting,
      provideIdentity(options.dataDir, { now: () => this.#clock.wallMs() }),
    ]);
    if (isRefusal(identity)) return identity;
    if (begin.safeMode === undefined) {
      await beginToDecide(
        {
          turns: this.#turns,
          log: this.#log,
          acknowledgeExit: (cell) => init.send({ type: "acknowledge_exit", cell }),
        },
        begin,
        { survivors, exits: [...begin.exits, ...exits] },
      );
    }
    const refused = (await this.#system.start()) ?? (await this.#listen(identity, begin));
    if (refused !== undefined) return refused;
    if (begin.safeMode === undefined) this.#cells.begin();
    return undefined;
  }

  async #listen(identity: Identity, begin: Begin): Promise<Refusal | undefined> {
    const { options } = this.#parts;
    const ports = makePorts({
      turns: this.#turns,
      settling: this.#settling,
      log: this.#log,
      clock: this.#clock,
      builder: this.#builder,
      router: this.#router,
      cells: this.#cells,
      logs: this.#logs,
      identity,
      begin,
      config: this.#config,
      cellRssBytesMax: { user: options.cellRssBytesMax, system: systemCellFactor * options.cellRssBytesMax },
      census: this.#census,
      resources: this.#resources,
      prune: (tenant) => this.#housekeeping.prune(tenant),
      readOnly: () => this.#readOnly(),
      shutdown: (why, timeoutMs) => this.#shutdown.request(why, timeoutMs),
    });
    const grpc = await startGrpc({ fd: begin.grpcFd, identity, ports, shedding: this.#config.shedding });
    if (isRefusal(grpc)) return grpc;
    this.#grpc = grpc;
    await writeProfile({ dataDir: this.#parts.options.dataDir, address: begin.grpcAddress, identity });
    return undefined;
  }

  /** Why changes are refused right now. */
  #readOnly(): Refusal | undefined {
    const { safeMode } = this.#parts.begin;
    if (safeMode !== undefined) {
      const { stuck } = this.#recovered;
      // Clients get one line: the stack is for the operator, who has it in the kernel's log.
      const [lastWords = ""] = safeMode.split("\n", 1);
      return refuse("SAFE_MODE", {
        why: stuck === undefined ? lastWords : `replay stops at event ${stuck.at}: ${stuck.why}`,
      });
    }
    if (this.#shutdown.isUnderWay) return refuse("SHUTTING_DOWN");
    return this.#housekeeping.noRoom();
  }

  #absence(tenant: TenantId, service: ServiceId): Absence {
    const { state } = this.#turns;
    if (this.#parts.begin.safeMode === undefined) return absenceOf(state, tenant, service);
    return absenceInSafeMode(state, tenant, service, (one) => this.#cells.holds(tenant, one));
  }

  #life(tenant: TenantId, service: ServiceId, incarnation: IncarnationNumber): Life {
    const life = lifeOf(this.#turns.state, { tenant, service, incarnation });
    if (life !== "lives" || this.#parts.begin.safeMode === undefined) return life;
    return this.#cells.holds(tenant, incarnation) ? "lives" : "ended";
  }

  // ------------------------------------------------------------------ turns

  #evolved(events: readonly Event[]): void {
    this.#settling.evolved(events);
    for (const tenant of new Set(events.map((event) => event.tenant))) {
      if (tenant !== undefined) this.#router.review(tenant);
    }
    for (const event of events) if (event.type === "deployment_requested") this.#forgetLogs(event);
    this.#resources.evolved(events);
    this.#housekeeping.evolved(events);
  }

  /** A deployment may take the place of a service that was stopped long ago: its lines go when that is durable. */
  #forgetLogs({ id, tenant, payload }: Extract<Event, { readonly type: "deployment_requested" }>): void {
    const service = payload?.forgets;
    if (tenant === undefined || service === undefined) return;
    // A log that fails ends the process by itself; files that stay count in the tenant's budget.
    const forget = (): Promise<void> => this.#logs.forgetService({ tenant, service });
    this.#log
      .whenDurable(id)
      .then(forget)
      .catch(() => undefined);
  }

  #carryOut(effect: Effect): void {
    switch (effect.type) {
      case "start":
        return this.#cells.start(effect);
      case "stop":
        return this.#cells.stop(effect);
      case "retire_tenant":
        return void this.#retire(effect.tenant);
    }
  }

  async #retire(tenant: TenantId): Promise<void> {
    const through = this.#log.newest;
    await this.#cells.retire(tenant);
    this.#log.forgetArtifacts(tenant);
    const [count] = await Promise.all([this.#log.countPayloads({ tenant, through }), this.#logs.forget(tenant)]);
    // Not counted, not erased: the next kernel finds the tenant still retiring, and does it again.
    if (isRefusal(count)) return;
    await this.#turns.submit({ type: "retired", tenant, through, count });
    // Of deployments that were under way: nothing that they put may outlive the tenant.
    this.#housekeeping.prune(tenant);
  }

  // ------------------------------------------------------------------ artifacts, stacks

  async #artifact(tenant: TenantId, hash: string): Promise<Uint8Array | Refusal> {
    const parsed = parseArtifactHash(hash);
    return parsed === undefined ? refuse("ARTIFACT_DAMAGED", { hash }) : this.#log.getArtifact(tenant, parsed);
  }

  async #trace(tenant: TenantId, service: ServiceId, release: Release | undefined, stack: string): Promise<string> {
    if (release === undefined || stack === "") return stack;
    const sourceMap = await this.#artifact(tenant, release.sourceMap);
    return isRefusal(sourceMap) ? stack : this.#builder.trace(tenant, `${service}.ts`, stack, sourceMap);
  }

  // ------------------------------------------------------------------ the end

  async #recordEnd({ outcome, misfits }: Ended): Promise<void> {
    if (this.#parts.begin.safeMode !== undefined) return;
    await this.#turns.submit({ type: "node_stopped", outcome, misfits });
    this.#housekeeping.snapshot();
  }

  /** The services have ended: so do the parts, in the order opposite to that in which they started. */
  async #close(outcome: Ended["outcome"]): Promise<void> {
    await this.#system.stop();
    this.#turns[Symbol.dispose]();
    this.#cells[Symbol.dispose]();
    this.#builder[Symbol.dispose]();
    await this.#logs[Symbol.asyncDispose]();
    await this.#log.close();
    await this.#parts.init.sendLast({ type: "stopped", outcome });
    this.#parts.leave();
  }
}

const releaseIn = (state: State, tenant: TenantId, service: ServiceId): Release | undefined =>
  state.tenants.get(tenant)?.services.get(service)?.release;
