/** The running Solo: whether it answers, and whether its log holds. */
import { createServer } from "node:net";
import type { SoloClient } from "../../client/index.ts";
import type { Context } from "../command.ts";
import { Halt } from "../halt.ts";
import type { InitFile } from "../node-files.ts";
import { plural } from "../output/say.ts";
import { examineSandbox } from "./sandbox.ts";
import { causeOf, fail, type Finding, ok, warn } from "./finding.ts";

const portDefault = 50_051;
const patienceMs = 5_000;

export async function examineNode(context: Context, init: InitFile | undefined): Promise<readonly Finding[]> {
  const sandbox = await examineSandbox(init);
  if (init === undefined && context.global.address === undefined) {
    const notRunning = warn("running", "no Solo runs with this data directory", "Start one: solo start.");
    return [...sandbox, await examinePort(), notRunning];
  }
  return [
    ...sandbox,
    ...(init?.safeMode === undefined ? [] : [safeMode(init.safeMode)]),
    ...(await examineAnswers(context)),
  ];
}

const safeMode = (why: string): Finding =>
  fail("safe mode", `changes are refused: ${why}`, "Read log/kernel.log in the data directory, then restart Solo.");

/** Whether the usual port could be taken, by taking it for a moment. */
async function examinePort(): Promise<Finding> {
  const { promise, resolve } = Promise.withResolvers<Finding>();
  const server = createServer();
  server.on("error", (error) =>
    resolve(
      warn(
        "port",
        `127.0.0.1:${portDefault} cannot be used: ${error.message}`,
        "Start with --grpc 127.0.0.1:0 for any free one.",
      ),
    ),
  );
  server.listen(portDefault, "127.0.0.1", () =>
    server.close(() => resolve(ok("port", `127.0.0.1:${portDefault} is free`))),
  );
  return promise;
}

async function examineAnswers(context: Context): Promise<readonly Finding[]> {
  let client: SoloClient;
  try {
    client = await context.connect("admin");
    const { services } = await client.list({}, { signal: context.signal, timeoutMs: patienceMs, retryForMs: 1_000 });
    const reached = ok("running", `${client.address} answers, ${plural(services.length, "service")}`);
    return [reached, await examineLog(context, client)];
  } catch (error) {
    const remedy = error instanceof Halt ? error.facts.remedy : undefined;
    return [
      fail(
        "running",
        `no answer: ${causeOf(error)}`,
        remedy ?? "Start it, or look at log/kernel.log in the data directory.",
      ),
    ];
  }
}

async function examineLog(context: Context, client: SoloClient): Promise<Finding> {
  try {
    const found = await client.verifyLog({}, { signal: context.signal, timeoutMs: 60_000 });
    return found.valid
      ? ok("event log", `whole: ${plural(Number(found.eventsChecked), "event")}`)
      : fail(
          "event log",
          `event ${found.firstBadId}: ${found.problem}`,
          "Keep it for examination; restore from a backup.",
        );
  } catch (error) {
    return warn("event log", `not verified: ${causeOf(error)}`, "Verify it as an administrator: solo verify.");
  }
}
