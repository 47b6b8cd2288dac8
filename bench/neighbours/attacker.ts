/**
 * The client of an attack, in a process of its own: what it takes to drive the attack must not be measured as what the attack does.
 *
 *   node bench/neighbours/attacker.ts NAME     its connection on stdin, as a line of JSON; prints a line when it has begun; ends with stdin,
 *                                              and prints how many deeds came to their end until then
 */
import { once } from "node:events";
import process from "node:process";
import { createInterface } from "node:readline";
import { setTimeout as wait } from "node:timers/promises";
import { defined } from "../../src/base/index.ts";
import { connect, type Connection, SoloError } from "../../src/client/index.ts";
import { type Attacker, disturbances } from "./disturbances.ts";

/** After a refusal. */
const breathMs = 20;

const disturbance = defined(
  disturbances.find(({ name }) => name === process.argv[2]),
  "an attack of this name",
);
const lines = createInterface(process.stdin);
let deeds = 0;
lines.once("close", () => {
  process.stdout.write(`${deeds}\n`);
  process.exit(0);
});
const [line] = (await once(lines, "line")) as [string];
const client = connect(JSON.parse(line) as Connection);

async function drive(attacker: Attacker): Promise<void> {
  for (let n = 0; ; n++) {
    try {
      await disturbance.drive(attacker, n);
      deeds += 1;
    } catch (error) {
      if (!(error instanceof SoloError)) throw error;
      // What ends the service that does it was done.
      if (error.executed !== "not_executed") deeds += 1;
      await wait(breathMs);
    }
  }
}

const attackers = Array.from({ length: disturbance.services }, (_, n) => ({ client, serviceId: `attacker-${n}` }));
for (const attacker of attackers) await disturbance.deploy(attacker);
const driving = Promise.all(attackers.map(drive));
process.stdout.write("begun\n");
await driving;
