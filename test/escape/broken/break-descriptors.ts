import process from "node:process";
import { Account, brokenOut, type Deed } from "../broken-out.ts";
import { at, call, memory } from "../fixtures/hands.ts";

export const attack = brokenOut(
  "break-descriptors",
  "descriptors: each that it has or inherited, looked at, read, written, accepted on, copied, and sent to others",
);

/** As many as a jail lets it have. */
const descriptorsMax = 512;
const listener = 3;
/** Its own by Solo's design: nothing, two for its words, its listener, its heartbeat, memory that it shares with init. */
const givenMax = 5;

const kinds = { 0x1000: "pipe", 0x2000: "device", 0x4000: "folder", 0x6000: "disk", 0x8000: "file", 0xc000: "socket" };
/** `struct stat`: where its fields are, which differs by architecture. */
const stat = process.arch === "arm64" ? { mode: 16, links: 20, device: 32 } : { mode: 24, links: 16, device: 40 };
const nullDevice = 0x103n;
const getFlags = 1;
const unix = 1;
const [peek, dontWait] = [0x02, 0x40] as const;

interface Open {
  readonly fd: number;
  readonly kind: string;
  readonly inode: bigint;
  /** A file that has a name somewhere. */
  readonly named: boolean;
  readonly device: bigint;
}

function look(fd: number): Open | undefined {
  if ((call("fcntl", fd, getFlags)?.result ?? -1) < 0 || call("fstat", fd, at(0))?.result !== 0) return undefined;
  const mode = memory.readUInt32LE(stat.mode);
  return {
    fd,
    kind: kinds[(mode & 0xf000) as keyof typeof kinds] ?? "anonymous",
    inode: memory.readBigUInt64LE(8),
    named: memory.readUInt32LE(stat.links) > 0,
    device: memory.readBigUInt64LE(stat.device),
  };
}

/** Its family and, for one of Unix, its path; the sockets between a process and its child have none. */
function nameOf(fd: number): { readonly family: number; readonly path: string } {
  memory.fill(0, 0, 256);
  memory.writeUInt32LE(200, 252);
  call("getsockname", fd, at(0), at(252));
  const length = Math.min(200, memory.readUInt32LE(252));
  return {
    family: memory.readUInt16LE(0),
    path: memory.toString("latin1", 2, Math.max(2, length)).replace(/\0+$/, ""),
  };
}

/** Sends a descriptor along with a byte, as those do who have been given one too many. */
function sendDescriptor(fd: number, sent: number): void {
  memory.fill(0, 0, 256);
  memory[0] = 10;
  memory.writeBigUInt64LE(at(0), 16);
  memory.writeBigUInt64LE(1n, 24);
  // `struct msghdr`: one piece of text, and one control message with one descriptor in it.
  memory.writeBigUInt64LE(at(16), 64 + 16);
  memory.writeBigUInt64LE(1n, 64 + 24);
  memory.writeBigUInt64LE(at(160), 64 + 32);
  memory.writeBigUInt64LE(24n, 64 + 40);
  memory.writeBigUInt64LE(20n, 160);
  memory.writeInt32LE(1, 168);
  memory.writeInt32LE(1, 172);
  memory.writeInt32LE(sent, 176);
  call("sendmsg", fd, at(64), dontWait);
}

export const deed: Deed = () => {
  const account = new Account();
  const open = Array.from({ length: descriptorsMax }, (_, fd) => look(fd)).filter((one) => one !== undefined);
  const own = nameOf(listener);
  if (own.family !== unix || own.path === "") account.found(`descriptor ${listener} is no listener of its own`);
  for (const { fd, kind, inode, named, device } of open) {
    const found = (what: string): void => account.found(`${fd} is ${what}`);
    // Zero bytes: the system looks only whether it may.
    call("write", fd, at(0), 0);
    const copy = call("dup", fd)?.result ?? -1;
    if (copy >= 0) call("close", copy);
    switch (kind) {
      case "socket": {
        const { family, path } = nameOf(fd);
        if (family !== unix) found(`a socket of family ${family}`);
        else if (path === "" ? fd > givenMax : path !== own.path) found(`another's socket ${path}`);
        if (fd !== listener && (call("accept4", fd, 0, 0, 0)?.result ?? -1) >= 0) found("a listener besides its own");
        call("recvfrom", fd, at(1_024), 1_024, peek | dontWait, 0, 0);
        // The kernel's own connection is spared: a byte in it would end this deed.
        if (path === "") sendDescriptor(fd, listener);
        break;
      }
      case "pipe":
        // Those of its event loop have both of their ends here.
        if (open.filter((other) => other.inode === inode).length !== 2) found("one end of another's pipe");
        break;
      case "device":
        if (device !== nullDevice) found(`the device ${device.toString(16)}`);
        break;
      case "folder":
        // libuv keeps a descriptor in reserve, of `/` where there is no /dev/null. It leads nowhere.
        for (const path of [".", "etc/passwd", "../etc/passwd", "proc/self/root"]) account.bare("openat", fd, path, 0);
        account.bare("getdents64", fd, at(0), 1_024);
        account.bare("newfstatat", fd, "bin", at(0), 0);
        break;
      case "file":
        if (named || fd > givenMax) found("a file");
        break;
      case "anonymous":
        break;
      default:
        found(`a ${kind}`);
    }
  }
  return { tried: open.map(({ fd, kind }) => `${fd}: ${kind}`), reached: account.done.reached };
};
