import { DeployResponseSchema, statusWord } from "../../api/index.ts";
import { resourceLimitsDefault } from "../../base/index.ts";
import { type Context, type Verb, parseBytes, parseCount, parseDuration, teach } from "../command.ts";
import { readEnvironment } from "../environment.ts";
import { formatNames, parseLevelOption, parseRestartOption, parseStrategyOption } from "../enums.ts";
import { Halt } from "../halt.ts";
import { messageJson } from "../output/message-json.ts";
import { renderPlace } from "../output/halt.ts";
import { plural, sayBytes, sayDuration } from "../output/say.ts";
import { withProgress } from "../output/progress.ts";
import { paintStatus } from "../output/status.ts";
import { placesIn, readSource } from "../source.ts";
import { followService } from "./watch.ts";

interface Options {
  readonly name?: string;
  readonly format?: string;
  readonly env?: readonly string[];
  readonly envFile?: string;
  readonly memory?: number;
  readonly instances?: number;
  readonly restart?: string;
  readonly strategy?: string;
  readonly maxRestarts?: number;
  readonly within?: number;
  readonly startupTimeout?: number;
  readonly shutdownTimeout?: number;
  readonly cpuTime?: number;
  readonly mailbox?: number;
  readonly logLevel?: string;
  readonly requestId?: string;
  readonly replace?: true;
  readonly watch?: true;
}

export const deploy: Verb = (command, run) => {
  command
    .description(
      "Deploys a service and waits until it runs, or says why it does not. The name comes from the file: counter.ts → counter.",
    )
    .argument("<file>", "source of the service")
    .option("--name <name>", "name of the service: 1-128 of a-z A-Z 0-9 _ -")
    .option("--format <format>", `${formatNames.join(", ")} (default: by the file's extension)`)
    .option("--env <NAME=value>", "an environment string for this.env (repeatable)", (text: string, all?: string[]) => [
      ...(all ?? []),
      text,
    ])
    .option("--env-file <file>", "a file of NAME=value lines")
    .option("--memory <size>", "memory limit of each instance (default: 128MB)", parseBytes)
    .option("--instances <count>", "instances that share the name (default: 1)", parseCount)
    .option("--restart <type>", "permanent, transient or temporary (default: permanent)")
    .option("--strategy <strategy>", "one_for_one, one_for_all or rest_for_one, among its instances")
    .option("--max-restarts <count>", "restarts that its supervisor allows (default: 3) …", parseCount)
    .option("--within <time>", "… within this time (default: 30s)", parseDuration)
    .option("--startup-timeout <time>", "how long init() may take (default: 5s)", parseDuration)
    .option("--shutdown-timeout <time>", "how long terminate() may take (default: 30s)", parseDuration)
    .option("--cpu-time <time>", "CPU time that one message may take (default: 1s)", parseDuration)
    .option("--mailbox <count>", "messages that its mailbox holds (default: 10000)", parseCount)
    .option("--log-level <level>", "least severe level that is kept: error, warn, info, debug")
    .option("--request-id <id>", "repeating a deployment with the same id returns the first answer")
    .option("--replace", "kill the service of that name first; its state is lost")
    .option("--watch", "then follow its logs and its status, as `solo watch` does")
    .addHelpText(
      "after",
      teach([
        ["solo deploy counter.ts", "deploys the service counter"],
        ["solo deploy counter.ts --name hits --instances 3", "three instances, under another name"],
        ["solo deploy api.ts --env REGION=eu --memory 64MB", "with an environment and a smaller heap"],
        ["solo deploy counter.ts --replace --watch", "while writing it"],
      ]),
    )
    .action(
      run<[string], Options>(async (context, [file], options) => {
        const source = readSource(file, options);
        const started = performance.now();
        const deployed = await send(context, source, options);
        const tookMs = performance.now() - started;
        const { out } = context;
        const { paint } = out;
        for (const warning of placesIn(source, deployed.warnings)) out.note(renderPlace(warning, paint));
        const pids = deployed.pids.length === 0 ? [deployed.pid] : deployed.pids;
        const limit = sayBytes(options.memory ?? resourceLimitsDefault.maxMemoryBytes);
        const show = options.watch === true ? out.item : out.result;
        show({
          json: messageJson(DeployResponseSchema, deployed),
          human: () =>
            `${paint.green("✔")} ${paint.bold(deployed.serviceId)} is ${paintStatus(deployed.status, paint)} as ${pids.join(", ")} after ${sayDuration(tookMs)}\n` +
            paint.dim(`  release ${deployed.release.slice(0, 12)}, ${plural(pids.length, "instance")}, ${limit} each`),
        });
        if (options.watch !== true) return undefined;
        return followService(context, { serviceId: source.name, metrics: false, tailLines: 100 });
      }),
    );
};

async function send(context: Context, source: ReturnType<typeof readSource>, options: Options) {
  const { out, tenantId, patience } = context;
  const request = {
    serviceId: source.name,
    code: source.code,
    format: source.format,
    environment: readEnvironment(options.env ?? [], options.envFile),
    tenantId,
    requestId: options.requestId ?? "",
    instances: options.instances ?? 0,
    restart: parseRestartOption(options.restart),
    logLevel: parseLevelOption(options.logLevel),
    supervision: {
      strategy: parseStrategyOption(options.strategy),
      maxRestarts: options.maxRestarts ?? 0,
      withinMs: options.within ?? 0,
    },
    resourceLimits: {
      maxMemoryBytes: BigInt(options.memory ?? 0),
      messageQueueLimit: options.mailbox ?? 0,
      startupTimeoutMs: options.startupTimeout ?? 0,
      shutdownTimeoutMs: options.shutdownTimeout ?? 0,
      cpuTimeMs: options.cpuTime ?? 0,
    },
  };
  const client = await context.connect("tenant");
  if (options.replace === true) {
    const running = (await client.list({ tenantId }, patience)).services.find(
      ({ serviceId }) => serviceId === source.name,
    );
    if (running !== undefined && statusWord(running.status) !== "STOPPED") {
      await withProgress(out, `ending ${source.name}`, client.kill({ serviceId: source.name, tenantId }, patience));
    }
  }
  try {
    return await withProgress(out, `deploying ${source.name}`, client.deploy(request, patience));
  } catch (error) {
    const { haltOfClient } = await import("../connect.ts");
    const halt = haltOfClient(error);
    if (halt === undefined) throw error;
    // Diagnostics name the file as the user named it, and show its lines.
    throw new Halt({ ...halt.facts, places: placesIn(source, halt.facts.places ?? []) });
  }
}
