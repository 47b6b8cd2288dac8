/**
 * Run by crash.test.ts as a process of its own: appends events as fast as the log takes them and writes `ack ID` to stdout
 * for each that the log called durable. Arguments: directory, boot, bytes that the padding of an event may have.
 */
import { writeSync } from "node:fs";
import { insist, instant, isRefusal, kernelEpoch } from "../../src/base/index.ts";
import { eventVersions, type NewEvent } from "../../src/kernel/index.ts";
import { openEventLog } from "../../src/store/index.ts";
import { service, tenant } from "../../src/store/log.fixture.ts";

const [dir = "", boot = "", paddingMax = "400"] = process.argv.slice(2);

/** At once, before anything else happens here: whoever reads it may be slower than the log, and its pipe full. */
function say(line: string): void {
  for (;;) {
    try {
      writeSync(1, `${line}\n`);
      return;
    } catch (error) {
      if ((error as { readonly code?: unknown }).code !== "EAGAIN") throw error;
    }
  }
}

const log = await openEventLog({ dir, boot, epoch: kernelEpoch(1), versions: eventVersions });
insist(!isRefusal(log), "the log opens");

// Beyond a limit on the size of files, a write then fails instead of killing the process.
process.on("SIGXFSZ", () => undefined);
log.onFailure((failure) => {
  say(`failed ${failure.trouble}`);
  process.exit(3);
});

const event = (owner: string, artifact: string): NewEvent => ({
  type: "service_killed",
  tenant: tenant(owner),
  subject: artifact,
  actor: "admin",
  payload: {
    service: service("counter"),
    death: { type: "killed", by: "x".repeat(Math.random() * Number(paddingMax)), forced: "no" },
  },
});

/** Each puts an artifact and appends an event that names it. */
async function appendForEver(worker: number): Promise<void> {
  const owner = `agent_${worker % 5}`;
  for (let n = 0; ; n++) {
    insist(!isRefusal(log), "the log opened");
    const artifact = await log.putArtifact(tenant(owner), new TextEncoder().encode(`${boot} ${worker} ${n % 50}`));
    insist(!isRefusal(artifact), "an artifact is put");
    const now = Math.max(log.timestamp, Date.now());
    const placed = log.append([event(owner, artifact)], { timestamp: instant(now), wallClockMs: now });
    await log.whenDurable(log.newest).catch(() => new Promise(() => undefined));
    for (const { id } of placed) say(`ack ${id}`);
  }
}

await Promise.all(Array.from({ length: 20 }, (_, worker) => appendForEver(worker)));
