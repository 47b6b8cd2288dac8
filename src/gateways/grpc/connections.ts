/**
 * Who is on the other end: TLS is ended here, and each connection is handed to grpc-js with its principal already known.
 * grpc-js names a call's connection by the peer's address and port, which is the key of this map; an entry goes with its
 * socket, and only with it.
 */
import type { TLSSocket } from "node:tls";
import { isRefusal, refuse, type Instant, type Refusal, type TenantId } from "../../base/index.ts";
import type { Principal } from "../../kernel/index.ts";
import { principalOf } from "../identity/principal.ts";
import { isOf, tenancyIn } from "../identity/tenancy.ts";
import type { Ports } from "../ports.ts";
import type { GrpcLimits } from "./limits.ts";

interface Certified {
  readonly principal: Principal | Refusal;
  /** When the tenant that its certificate is of was made. */
  readonly tenancy: Instant | undefined;
}

interface Peer extends Certified {
  readonly socket: TLSSocket;
  readonly connectedMs: number;
  /** Read from it so far, and for how many looks that has not changed. */
  bytesRead: number;
  silentLooks: number;
}

/** grpc-js asks for a sign of life between any two looks: a peer that gave none for so many is gone, or never spoke. */
const silentLooksMax = 3;

export class Connections {
  readonly #limits: GrpcLimits;
  readonly #bornAt: Ports["bornAt"];
  readonly #peers = new Map<string, Peer>();
  readonly #sweeper: NodeJS.Timeout;
  #empty: (() => void) | undefined;

  constructor(limits: GrpcLimits, bornAt: Ports["bornAt"]) {
    this.#limits = limits;
    this.#bornAt = bornAt;
    this.#sweeper = setInterval(() => this.#sweep(), limits.keepaliveMs).unref();
  }

  /** A connection whose certificate TLS verified. False: it was closed, since there are too many. */
  add(socket: TLSSocket): boolean {
    // What the peer's system does to a socket is its own affair; grpc-js hears of it by its close.
    socket.on("error", () => undefined);
    const certificate = socket.getPeerCertificate();
    const principal = principalOf(certificate);
    const tenancy = tenancyIn(certificate.subjectaltname);
    if (socket.alpnProtocol !== "h2" || this.#isFull({ principal, tenancy })) {
      socket.destroy();
      return false;
    }
    const { remoteAddress, remotePort } = socket;
    // It left while it was being added.
    if (remoteAddress === undefined || remotePort === undefined) return false;
    const key = `${remoteAddress}:${remotePort}`;
    this.#peers.set(key, {
      socket,
      principal,
      tenancy,
      connectedMs: Number(process.hrtime.bigint() / 1_000_000n),
      bytesRead: 0,
      silentLooks: 0,
    });
    socket.once("close", () => {
      // The port may be another connection's by now.
      if (this.#peers.get(key)?.socket === socket) this.#peers.delete(key);
      if (this.#peers.size === 0) this.#empty?.();
    });
    return true;
  }

  /** Whose call this is, by `call.getPeer()`. */
  principalAt(peer: string): Principal | Refusal {
    const found = this.#peers.get(peer);
    if (found === undefined) return refuse("CERTIFICATE_UNKNOWN");
    const { principal, tenancy } = found;
    if (isRefusal(principal) || principal.role === "admin") return principal;
    const born = this.#bornAt(principal.tenant);
    // Of a tenant that is not there, the operations tell, once it is certain.
    return born === undefined || isOf(tenancy, born) ? principal : refuse("CERTIFICATE_UNKNOWN");
  }

  /** When it was made, by the host's monotonic clock; 0 if it is not there any more. */
  connectedMsAt(peer: string): number {
    return this.#peers.get(peer)?.connectedMs ?? 0;
  }

  /** Resolves when the last one is closed; whoever is left after `graceMs` is cut off. */
  async close(graceMs: number): Promise<void> {
    const cut = setTimeout(() => {
      for (const { socket } of this.#peers.values()) socket.destroy();
    }, graceMs);
    await this.#closed();
    clearTimeout(cut);
    clearInterval(this.#sweeper);
  }

  #sweep(): void {
    for (const peer of this.#peers.values()) {
      const { bytesRead } = peer.socket;
      peer.silentLooks = bytesRead === peer.bytesRead ? peer.silentLooks + 1 : 0;
      peer.bytesRead = bytesRead;
      if (peer.silentLooks >= silentLooksMax) peer.socket.destroy();
    }
  }

  async #closed(): Promise<void> {
    if (this.#peers.size === 0) return;
    await new Promise<void>((resolve) => (this.#empty = resolve));
  }

  #isFull(peer: Certified): boolean {
    const account = this.#accountOf(peer);
    // The administrator gets in whatever the tenants do.
    if (account === "admin") return false;
    if (this.#peers.size >= this.#limits.connectionsMax) return true;
    let count = 0;
    for (const other of this.#peers.values()) if (this.#accountOf(other) === account) count += 1;
    return count >= this.#limits.connectionsPerTenantMax;
  }

  /** Whose share of the connections it takes. Certificates of tenants that are no more share one among them all. */
  #accountOf({ principal, tenancy }: Certified): TenantId | "admin" | undefined {
    if (isRefusal(principal)) return undefined;
    if (principal.role === "admin") return "admin";
    const born = this.#bornAt(principal.tenant);
    return born !== undefined && isOf(tenancy, born) ? principal.tenant : undefined;
  }
}
