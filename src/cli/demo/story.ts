/** The demo's story: what is done to a Solo, in order, and what must come of it. */
import { readFileSync } from "node:fs";
import { setTimeout as wait } from "node:timers/promises";
import { type Event, statusWord } from "../../api/index.ts";
import { type SoloClient, SoloError } from "../../client/index.ts";
import { renderEvents } from "../output/event.ts";
import { plural } from "../output/say.ts";
import type { Narrator } from "./narrator.ts";
import { Untrue } from "./narrator.ts";
import type { Stage } from "./stage.ts";

const examples = new URL("../../../examples/", import.meta.url);
const services = ["counter", "pipeline-sink", "pipeline-transform", "pipeline-source", "crasher", "chatty"] as const;
/** Of a killed kernel: from its end to the first answer of the next one. Promised: 400; the machine may be busy. */
const backMsMax = 5_000;

interface Play {
  readonly stage: Stage;
  readonly narrator: Narrator;
  readonly signal: AbortSignal;
  readonly tenant: SoloClient;
  readonly admin: SoloClient;
}

export async function tell(stage: Stage, narrator: Narrator, signal: AbortSignal): Promise<void> {
  const { paint, say, chapter, check } = narrator;
  chapter("A whole Solo starts, in a temporary directory, on any free port");
  narrator.command("solo start --grpc 127.0.0.1:0");
  const ready = await stage.ready(signal);
  check(ready.pid > 0, `ready after ${ready.tookMs} ms on ${ready.grpc}, mutual TLS from the first byte`);
  if (ready.sandbox.length === 0) {
    say(paint.yellow("Note: cells run WITHOUT an operating system sandbox; the V8 isolate is the only wall."));
  } else check(true, `cells run jailed: ${ready.sandbox.join(", ")}`);
  const play: Play = { stage, narrator, signal, tenant: stage.connect("default"), admin: stage.connect("admin") };
  await deployAll(play);
  await callThem(play);
  await crashOne(play);
  await killOne(play);
  await killTheKernel(play);
  await readTheTrail(play);
  await leave(play);
}

async function deployAll({ tenant, narrator, signal, stage }: Play): Promise<void> {
  narrator.chapter("The examples are deployed: TypeScript in, running services out");
  for (const service of services) {
    const started = performance.now();
    const code = readFileSync(new URL(`${service}.ts`, examples));
    const environment: Record<string, string> = service === "chatty" ? { EVERY_MS: "50", NAME: "Ada" } : {};
    narrator.command(`solo deploy examples/${service}.ts`);
    const deployed = await tenant.deploy({ serviceId: service, code, environment }, { signal });
    const tookMs = (performance.now() - started).toFixed(1);
    narrator.check(
      statusWord(deployed.status) === "RUNNING",
      `${service} is RUNNING as ${deployed.pid} after ${tookMs} ms`,
      deployed.status,
    );
  }
  narrator.say(
    stage
      .processes()
      .map(({ role, pid }) => `${role} ${pid}`)
      .join(", "),
  );
}

async function callThem(play: Play): Promise<void> {
  const { narrator, tenant, signal } = play;
  narrator.chapter("They are called; they keep state, find each other, say no, and log");
  await expectCall(play, "counter", "add", [2], 2);
  await expectCall(play, "counter", "add", [40], 42);
  await expectCall(play, "pipeline-source", "read", ["to be or not to be\nthat is the question"], {
    lines: 2,
    words: 10,
  });
  await expectCall(
    play,
    "pipeline-sink",
    "top",
    [2],
    [
      ["to", 2],
      ["be", 2],
    ],
  );

  narrator.command("solo call counter add nine");
  const no = await failureOf(call(tenant, "counter", "add", ["nine"], signal));
  narrator.check(no.code === "CALL_FAILED" && no.message.includes("whole number"), `refused: ${no.message}`, no.code);
  await expectCall(play, "counter", "get", [], 42);

  narrator.command("solo logs chatty");
  const lines: string[] = [];
  for await (const { event } of tenant.watch({ serviceId: "chatty", includeLogs: true, tailLines: 50 }, { signal })) {
    if (event.case === "log") lines.push(`${event.value.level.padEnd(5)} ${event.value.message}`);
    if (lines.length === 3) break;
  }
  narrator.say(lines.join("\n"));
  narrator.check(
    lines[0]?.includes("Ada speaks every 50 ms") === true,
    "its log is there from the first line",
    lines[0],
  );
}

async function crashOne(play: Play): Promise<void> {
  const { narrator, tenant, signal } = play;
  narrator.chapter("One crashes: its caller, its status and its log all learn the truth, and it lives again");
  const before = await call(tenant, "crasher", "work", [], signal);
  narrator.command("solo call crasher crash oops");
  const failed = await failureOf(call(tenant, "crasher", "crash", ["oops"], signal));
  narrator.check(
    failed.message.includes("crashed on purpose: oops"),
    `the caller hears: ${failed.message}`,
    failed.code,
  );

  const { lines, at } = throwingLine();
  const again = await until(play, "crasher runs again", async () => {
    const found = await tenant.status({ serviceId: "crasher" }, { signal });
    return statusWord(found.status) === "RUNNING" && found.restartCount > 0 ? found : undefined;
  });
  const death = again.deaths[0];
  narrator.command("solo status crasher");
  narrator.say(`${death?.summary ?? "no death"}\n${death?.stack ?? ""}`);
  narrator.check(death?.type === "crashed", "its death is on record, with its reason", death?.type);
  narrator.check(
    death?.stack.includes(`:${at}:`) === true,
    `and with the line of TypeScript that threw it, ${at}: ${(lines[at - 1] ?? "").trim()}`,
    death?.stack,
  );
  const after = await call(tenant, "crasher", "work", [], signal);
  narrator.check(
    isLife(before) && isLife(after) && after.pid !== before.pid && after.done === 1,
    `a new life, ${JSON.stringify(after)}, restarted by its supervisor`,
    after,
  );
}

/** Where crasher.ts makes the error that it throws. */
function throwingLine(): { readonly lines: readonly string[]; readonly at: number } {
  const lines = readFileSync(new URL("crasher.ts", examples), "utf8").split("\n");
  return { lines, at: lines.findIndex((line) => line.includes("new Error(")) + 1 };
}

const isLife = (value: unknown): value is { readonly done: number; readonly pid: string } =>
  typeof value === "object" && value !== null && "pid" in value && "done" in value;

async function killOne({ narrator, tenant, signal }: Play): Promise<void> {
  narrator.chapter("One is killed, and stays on record");
  narrator.command("solo kill chatty");
  const killed = await tenant.kill({ serviceId: "chatty" }, { signal });
  narrator.check(
    statusWord(killed.finalStatus) === "STOPPED",
    `chatty is STOPPED: ${killed.reason}`,
    killed.finalStatus,
  );
  const failed = await failureOf(call(tenant, "chatty", "ticks", [], signal));
  narrator.check(failed.code === "SERVICE_NOT_RUNNING", `nobody says that it runs: ${failed.message}`, failed.code);
}

async function killTheKernel(play: Play): Promise<void> {
  const { narrator, stage, tenant, signal } = play;
  narrator.chapter("The kernel is killed with -9; the services do not notice");
  const kernel = stage.processes().find(({ role }) => role === "kernel");
  if (kernel === undefined) throw new Untrue("there is a kernel process");
  narrator.command(`kill -9 ${kernel.pid}`);
  process.kill(kernel.pid, "SIGKILL");
  const killed = performance.now();
  const count = await until(play, "calls resume", async () => {
    try {
      return { value: await call(tenant, "counter", "get", [], signal) };
    } catch (error) {
      if (error instanceof SoloError && ["UNREACHABLE", "STARTING", "CALL_LOST"].includes(error.code)) return undefined;
      throw error;
    }
  });
  const gapMs = Math.round(performance.now() - killed);
  narrator.check(count.value === 42, `calls resume after ${gapMs} ms, and the counter still says 42`, count.value);
  const next = stage.processes().find(({ role }) => role === "kernel");
  narrator.check(
    next !== undefined && next.pid !== kernel.pid,
    `another kernel is at work: ${kernel.pid} → ${next?.pid ?? 0}`,
  );
  await expectCall(play, "counter", "add", [1], 43);
}

async function readTheTrail({ narrator, admin, tenant, signal }: Play): Promise<void> {
  const { paint } = narrator;
  narrator.chapter("What happened, why, and by whom: the audit trail");
  narrator.command("solo events");
  const { events } = await tenant.queryEvents({ limit: 1_000 }, { signal });
  const now = new Date();
  narrator.say(renderEvents(events, paint, now));
  narrator.check(isGapFree(events), `${plural(events.length, "event")}, numbered without a gap`);
  const crash = events.find(({ eventType }) => eventType === "service_crashed");
  const restart = events.find(({ eventType, id }) => eventType === "service_restarted" && id > (crash?.id ?? 0n));
  narrator.check(
    crash !== undefined && restart !== undefined && leadsTo(events, restart, crash),
    `the restart (${restart?.id ?? "?"}) names its causes back to the crash (${crash?.id ?? "?"})`,
  );
  narrator.command("solo verify");
  const verified = await admin.verifyLog({}, { signal });
  narrator.check(
    verified.valid,
    `the log is whole: ${plural(Number(verified.eventsChecked), "event")}, head ${verified.headId}:${verified.headHash.slice(0, 12)}…`,
    verified.problem,
  );
}

const isGapFree = (events: readonly Event[]): boolean =>
  events.length > 0 && events.every(({ id }, at) => id === BigInt(at + 1));

/** Whether following the causes of `from` leads to `to`. */
function leadsTo(events: readonly Event[], from: Event, to: Event): boolean {
  let at: Event | undefined = from;
  while (at !== undefined && at.id > to.id) {
    const cause: bigint = at.causationId;
    at = events.find(({ id }) => id === cause);
  }
  return at?.id === to.id;
}

async function leave({ narrator, admin, stage, signal }: Play): Promise<void> {
  narrator.chapter("Solo shuts down in order");
  narrator.command("solo stop");
  stage.processes();
  const stopped = await admin.shutdown({ timeoutSeconds: 5 }, { signal });
  const code = await stage.end();
  narrator.check(stopped.outcome === "clean", "every service ended in time", stopped.outcome);
  narrator.check(Number(code) === 0, "init exited with 0", code);
}

async function expectCall(
  play: Play,
  service: string,
  method: string,
  args: readonly unknown[],
  wanted: unknown,
): Promise<void> {
  const words = args.map((arg) => ` '${JSON.stringify(arg)}'`).join("");
  play.narrator.command(`solo call ${service} ${method}${words}`);
  const found = await call(play.tenant, service, method, args, play.signal);
  play.narrator.check(JSON.stringify(found) === JSON.stringify(wanted), JSON.stringify(wanted), found);
}

async function call(
  client: SoloClient,
  serviceId: string,
  method: string,
  args: readonly unknown[],
  signal: AbortSignal,
): Promise<unknown> {
  const { result } = await client.call(
    { serviceId, method, args: new TextEncoder().encode(JSON.stringify(args)) },
    { signal },
  );
  return result.length === 0 ? undefined : (JSON.parse(new TextDecoder().decode(result)) as unknown);
}

async function failureOf(work: Promise<unknown>): Promise<SoloError> {
  try {
    await work;
  } catch (error) {
    if (error instanceof SoloError) return error;
    throw error;
  }
  throw new Untrue("the call fails");
}

async function until<T>({ signal }: Play, what: string, look: () => Promise<T | undefined>): Promise<T> {
  const giveUpAt = performance.now() + backMsMax;
  for (;;) {
    const found = await look();
    if (found !== undefined) return found;
    if (performance.now() > giveUpAt) throw new Untrue(`${what} within ${backMsMax} ms`);
    await wait(10, undefined, { signal });
  }
}
