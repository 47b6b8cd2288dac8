/** The calls under way: bounded for each tenant, in number and in bytes (P6), and ended with the node. */
import { limits, type TenantId } from "../base/index.ts";
import type { Call } from "./call.ts";

interface Load {
  readonly calls: number;
  readonly bytes: number;
}

const none: Load = { calls: 0, bytes: 0 };

export class UnderWay {
  readonly #calls = new Set<Call>();
  readonly #loads = new Map<TenantId, Load>();

  /** Of all tenants. */
  get count(): number {
    return this.#calls.size;
  }

  /** Why no further call of the tenant can be under way. */
  full(tenant: TenantId, size: number): string | undefined {
    const { calls, bytes } = this.#loads.get(tenant) ?? none;
    if (calls >= limits.callsInFlightMax) return `${limits.callsInFlightMax} calls under way`;
    return bytes + size > limits.callBytesInFlightMax
      ? `${limits.callBytesInFlightMax} bytes of calls under way`
      : undefined;
  }

  /** There is room, `full` said so. */
  add(call: Call, tenant: TenantId, size: number): void {
    this.#calls.add(call);
    const { calls, bytes } = this.#loads.get(tenant) ?? none;
    this.#loads.set(tenant, { calls: calls + 1, bytes: bytes + size });
  }

  remove(call: Call, tenant: TenantId, size: number): void {
    this.#calls.delete(call);
    const { calls, bytes } = this.#loads.get(tenant) ?? none;
    if (calls <= 1) this.#loads.delete(tenant);
    else this.#loads.set(tenant, { calls: calls - 1, bytes: bytes - size });
  }

  /** Answers all of them: the node ends. */
  end(): void {
    for (const call of this.#calls) call.abandon();
  }
}
