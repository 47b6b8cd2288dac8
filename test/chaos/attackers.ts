/** Attacks of test/escape, one after the other, each in a tenant of its own that ends with it. What comes of them is theirs. */
import { AssertionError } from "node:assert";
import { SoloError, type SoloClient } from "../../src/client/index.ts";
import type { Node } from "../crash/node.ts";
import type { Random } from "../crash/random.ts";
import type { Attack } from "../escape/attack.ts";
import { stageOf } from "../escape/harness.ts";

const triesMax = 200;

export class Attacker {
  readonly #node: Node;
  readonly #random: Random;
  readonly #attacks: readonly Attack[];
  readonly #name: string;
  made = 0;

  constructor(parts: {
    readonly node: Node;
    readonly random: Random;
    readonly attacks: readonly Attack[];
    readonly name: string;
  }) {
    this.#node = parts.node;
    this.#random = parts.random;
    this.#attacks = parts.attacks;
    this.#name = parts.name;
  }

  async run(stopped: () => boolean): Promise<void> {
    while (!stopped()) await this.#attack(this.#random.pick(this.#attacks));
  }

  async #attack(attack: Attack): Promise<void> {
    this.made += 1;
    const tenantId = `${this.#name}-${this.made}`;
    await this.#insist((admin) => admin.createTenant({ tenantId, requestId: `${tenantId}-made` }));
    try {
      const admin = this.#node.client("admin");
      await admin.deploy({
        tenantId,
        serviceId: "attacker",
        code: Buffer.from(attack.source),
        resourceLimits: { cpuTimeMs: 300, ...attack.limits },
      });
      const stage = stageOf(admin, tenantId);
      await (attack.run === undefined ? stage.call("attack") : attack.run(stage));
    } catch (error) {
      // It was ended, refused, or the node was not there: all the same to it. What an attack finds of its own is judged where
      // nothing else happens: here its cell may be struck, too.
      if (!(error instanceof SoloError || error instanceof AssertionError)) throw error;
    }
    await this.#insist((admin) => admin.deleteTenant({ tenantId, requestId: `${tenantId}-gone` }));
  }

  /** Until it is answered: a kernel may die meanwhile. */
  async #insist(ask: (admin: SoloClient) => Promise<unknown>): Promise<void> {
    for (let tries = 1; ; tries++) {
      try {
        return void (await ask(this.#node.client("admin")));
      } catch (error) {
        if (!(error instanceof SoloError) || tries >= triesMax) throw error;
        if (error.code === "TENANT_NOT_FOUND") return;
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
    }
  }
}
