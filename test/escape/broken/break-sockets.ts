import dgram from "node:dgram";
import dns from "node:dns/promises";
import net from "node:net";
import { Account, brokenOut, type Deed } from "../broken-out.ts";
import { at, memory } from "../fixtures/hands.ts";

export const attack = brokenOut("break-sockets", "sockets: made, bound, connected to the kernel and to another's cell");

const [unix, inet, inet6, netlink] = [1, 2, 10, 16] as const;
const patienceMs = 1_000;

const settled = (emitter: NodeJS.EventEmitter, event: string): Promise<void> =>
  new Promise((resolve, reject) => {
    emitter.once(event, () => resolve());
    emitter.once("error", reject);
    setTimeout(() => reject(new Error("nothing came of it")), patienceMs).unref();
  });

export const deed: Deed = async ({ aims }) => {
  const account = new Account();
  for (const family of [unix, inet, inet6, netlink]) account.bare("socket", family, 1, 0);
  for (const family of [unix, inet]) account.bare("socket", family, 2, 0);
  account.bare("socketpair", unix, 1, 0, at(0));
  // To 127.0.0.1 and the port of the kernel, on each descriptor that may be a socket.
  memory.fill(0, 0, 16);
  memory.writeUInt16LE(inet, 0);
  memory.writeUInt16BE(aims.port, 2);
  memory.writeUInt32BE(0x7f00_0001, 4);
  for (const fd of [-1, 3, 4]) {
    account.bare("connect", fd, at(0), 16);
    account.bare("bind", fd, at(0), 16);
  }

  await account.node("connect to the kernel", () => settled(net.connect(aims.port, "127.0.0.1"), "connect"));
  await account.node("connect to another's cell", () => settled(net.connect(aims.socket), "connect"));
  await account.node("listen on a port", () => settled(net.createServer().listen(0, "127.0.0.1"), "listening"));
  await account.node("bind UDP", () => {
    const socket = dgram.createSocket("udp4");
    const bound = settled(socket, "listening");
    socket.bind(0);
    return bound;
  });
  await account.node("look up a name", () => dns.lookup("localhost"));
  return account.done;
};
