/**
 * The gRPC gateway. TLS is ended by our own server, on a descriptor that is already listening or on an address, and each
 * connection is handed to grpc-js with its principal known:
 *
 *   fd ─▶ tls.Server (mutual TLS 1.3, h2) ─▶ Connections ─▶ grpc-js ─▶ handlers ─▶ operations
 *
 * An inherited descriptor stays open in init: connections queue there while no kernel listens (P5).
 */
import type { AddressInfo, Socket } from "node:net";
import { createServer, type Server as TlsServer, type TlsOptions } from "node:tls";
import { Server, ServerCredentials } from "@grpc/grpc-js";
import { isRefusal, refuse, type Refusal } from "../../base/index.ts";
import { principalName, type Principal } from "../../kernel/index.ts";
import type { Identity, ServerPems } from "../identity/provide.ts";
import { makeRunner, type Report } from "../operations/run.ts";
import type { Ports } from "../ports.ts";
import { makeShedding, sheddingDefaults, type SheddingLimits } from "../shedding.ts";
import { Connections } from "./connections.ts";
import { serviceOf } from "./handlers.ts";
import { Health } from "./health.ts";
import { grpcLimits, type GrpcLimits } from "./limits.ts";
import { receiveInTurn } from "./receiving.ts";
import { addReflection } from "./reflection.ts";
import { expectReaders } from "./unread.ts";

const renewalCheckMs = 12 * 3_600_000;

export type GrpcOptions = {
  readonly identity: Identity;
  readonly ports: Ports;
  /** Bugs met while serving; default: one line each on stderr. */
  readonly report?: Report;
  readonly limits?: Partial<GrpcLimits>;
  readonly shedding?: SheddingLimits;
} & (
  | { readonly fd: number }
  /** Port 0: any free one. */
  | { readonly listen: { readonly host: string; readonly port: number } }
);

export interface GrpcServer {
  /** host:port, as the system says. */
  readonly address: string;
  /** From now on health says NOT_SERVING. Requests are still answered: what they may not do, the ports refuse. */
  readonly refuseNew: () => void;
  /** Takes no further connection, ends streams, lets calls under way finish, and cuts off what is left after `graceMs`. */
  readonly close: (options: { readonly graceMs: number }) => Promise<void>;
}

export async function startGrpc(options: GrpcOptions): Promise<GrpcServer | Refusal> {
  const { identity, ports } = options;
  const limits: GrpcLimits = { ...grpcLimits, ...options.limits };
  const connections = new Connections(limits, ports.bornAt);
  const principalAt = (peer: string): ReturnType<Connections["principalAt"]> => connections.principalAt(peer);
  // Besides the operations, which look at the state themselves, nothing is open to whom no operation is.
  const knownAt = (peer: string): Principal | Refusal => {
    const principal = principalAt(peer);
    const known = isRefusal(principal) || principal.role === "admin" || ports.isActive(principal.tenant);
    return known ? principal : refuse("CERTIFICATE_UNKNOWN");
  };
  const closing = new AbortController();
  let accepting = true;

  const grpc = new Server({
    "grpc.max_receive_message_length": limits.requestBytesMax,
    "grpc.max_concurrent_streams": limits.streamsPerConnectionMax,
    "grpc.max_connection_idle_ms": limits.idleMsMax,
    "grpc.keepalive_time_ms": limits.keepaliveMs,
    "grpc.keepalive_timeout_ms": limits.keepaliveMsMax,
    "grpc.enable_channelz": 0,
    interceptors: [
      receiveInTurn((peer) => nameOf(principalAt(peer)), limits.receivingPerPrincipalMax),
      expectReaders((peer) => nameOf(principalAt(peer)), {
        waitBytes: limits.unreadBytesMax,
        refuseBytes: limits.unreadBytesMax * 8,
      }),
    ],
  });
  const report = options.report ?? reportOnStderr;
  const runner = makeRunner(ports, report, makeShedding(options.shedding ?? sheddingDefaults));
  const { definition, implementation } = serviceOf({
    runner,
    report,
    principalAt,
    connectedMsAt: (peer) => connections.connectedMsAt(peer),
    closing: closing.signal,
  });
  grpc.addService(definition, implementation);
  const health = new Health({ isServing: () => accepting && isReady(ports), principalAt: knownAt });
  health.addTo(grpc);
  addReflection(grpc, { principalAt: knownAt });

  const injector = grpc.createConnectionInjector(ServerCredentials.createInsecure());
  const tls = createServer(tlsOptions(identity.server, limits), (socket) => {
    if (connections.add(socket)) injector.injectConnection(socket);
  });
  // A few more than are served, so that the administrator's is among those that are looked at.
  tls.maxConnections = limits.connectionsMax + 100;
  const sockets = new Set<Socket>();
  tls.on("connection", (socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
  });
  // Handshakes that fail are the peer's problem, and anyone can make them. Node leaves a late one open: closed here.
  tls.on("tlsClientError", (_error, socket) => socket.destroy());
  const refused = await listen(tls, options);
  if (refused !== undefined) return refused;

  const renewal = setInterval(() => void renew(tls, identity, ports, limits), renewalCheckMs).unref();

  return {
    address: addressOf(tls),
    refuseNew: () => {
      accepting = false;
      health.changed();
    },
    close: async ({ graceMs }) => {
      accepting = false;
      clearInterval(renewal);
      const stopped = new Promise<void>((resolve) => tls.close(() => resolve()));
      health.changed();
      closing.abort();
      injector.drain(graceMs);
      await connections.close(graceMs);
      injector.destroy();
      // What is left has not even finished its handshake.
      for (const socket of sockets) socket.destroy();
      await stopped;
    },
  };
}

const nameOf = (principal: Principal | Refusal): string => (isRefusal(principal) ? "" : principalName(principal));

const tlsOptions = (server: ServerPems, limits: GrpcLimits): TlsOptions => ({
  ca: server.ca,
  cert: server.cert,
  key: server.key,
  requestCert: true,
  rejectUnauthorized: true,
  minVersion: "TLSv1.3",
  ALPNProtocols: ["h2"],
  noDelay: true,
  handshakeTimeout: limits.handshakeMsMax,
});

function listen(tls: TlsServer, options: GrpcOptions): Promise<Refusal | undefined> {
  return new Promise((resolve) => {
    const failed = (error: NodeJS.ErrnoException): void => {
      const address = "fd" in options ? `descriptor ${options.fd}` : `${options.listen.host}:${options.listen.port}`;
      resolve(
        error.code === "EADDRINUSE"
          ? refuse("PORT_IN_USE", { address })
          : refuse("ADDRESS_UNUSABLE", { address, why: error.code ?? error.message }),
      );
    };
    tls.once("error", failed);
    tls.listen("fd" in options ? { fd: options.fd } : options.listen, () => {
      tls.off("error", failed);
      // Nothing is known to raise it later; if something does, accepting goes on.
      tls.on("error", () => undefined);
      resolve(undefined);
    });
  });
}

function addressOf(tls: TlsServer): string {
  const address: AddressInfo | string | null = tls.address();
  if (address === null || typeof address === "string") return address ?? "";
  return address.family === "IPv6" ? `[${address.address}]:${address.port}` : `${address.address}:${address.port}`;
}

/** Starting and stopping nodes do not serve; a read-only one does. */
function isReady(ports: Ports): boolean {
  const no = ports.node.readOnly()?.refused;
  return no !== "STARTING" && no !== "SHUTTING_DOWN";
}

/** New connections get the renewed certificate. */
async function renew(tls: TlsServer, identity: Identity, ports: Ports, limits: GrpcLimits): Promise<void> {
  const server = await identity.renewed(ports.node.now());
  if (!isRefusal(server)) tls.setSecureContext(tlsOptions(server, limits));
}

const reportOnStderr: Report = ({ name, operation, error }) => {
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  process.stderr.write(`incident ${name} in ${operation}: ${text}\n`);
};
