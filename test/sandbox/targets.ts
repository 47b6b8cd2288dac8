/** What attacks aim at: real, of the test's own, and there for whoever is not in a jail. What fails for lack of a target proves nothing. */
import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import { createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** As the attacker learns of them. */
export interface Targets {
  /** Everybody may write in it. */
  readonly folder: string;
  readonly unixSocket: string;
  /** Ports of 127.0.0.1, of another address of this machine, and of ::1 where there is such a thing. */
  readonly port: number;
  readonly otherPort: number;
  readonly port6: number | undefined;
  readonly udpPort: number;
  /** A name server that knows every name. */
  readonly dnsPort: number;
}

export const otherAddress = "127.0.0.2";

export interface OpenTargets extends AsyncDisposable {
  readonly targets: Targets;
}

export async function openTargets(): Promise<OpenTargets> {
  const folder = mkdtempSync(join(tmpdir(), "solo-targets-"));
  chmodSync(folder, 0o777);
  const servers: Server[] = [];
  const listen = async (at: { readonly host: string } | { readonly path: string }): Promise<number | undefined> => {
    const server = createServer((socket) => socket.destroy());
    server.listen("path" in at ? at : { port: 0, ...at }).unref();
    try {
      await once(server, "listening");
    } catch {
      return undefined;
    }
    servers.push(server);
    const address = server.address();
    return typeof address === "object" && address !== null ? address.port : 0;
  };
  const unixSocket = join(folder, "s");
  await listen({ path: unixSocket });
  chmodSync(unixSocket, 0o777);
  const udp = await bind(() => undefined);
  const dns = await bind((question) => answerTo(question));
  return {
    targets: {
      folder,
      unixSocket,
      port: (await listen({ host: "127.0.0.1" })) ?? 0,
      otherPort: (await listen({ host: otherAddress })) ?? 0,
      port6: await listen({ host: "::1" }),
      udpPort: udp.address().port,
      dnsPort: dns.address().port,
    },
    [Symbol.asyncDispose]: async () => {
      for (const server of servers) server.close();
      udp.close();
      dns.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function bind(answer: (message: Buffer) => Buffer | undefined): Promise<Socket> {
  const socket = createSocket("udp4").unref();
  socket.on("message", (message, { port, address }) => {
    const said = answer(message);
    if (said !== undefined) socket.send(said, port, address);
  });
  socket.bind(0, "127.0.0.1");
  await once(socket, "listening");
  return socket;
}

/** The question again, and one address for the name in it (RFC 1035). */
function answerTo(question: Buffer): Buffer {
  const header = Buffer.alloc(12);
  question.copy(header, 0, 0, 2);
  header.writeUInt16BE(0x8180, 2);
  header.writeUInt16BE(1, 4);
  header.writeUInt16BE(1, 6);
  const end = question.indexOf(0, 12) + 5;
  const answer = Buffer.from([0xc0, 0x0c, 0, 1, 0, 1, 0, 0, 0, 1, 0, 4, 192, 0, 2, 1]);
  return Buffer.concat([header, question.subarray(12, end), answer]);
}
