/**
 * A peer: what a message to another process and an answer cost over a Unix socket, and nothing else. Answers each
 * REQUEST_BYTES that come in with RESPONSE_BYTES; with a fourth argument it passes all bytes on to that socket and back.
 *
 *   node bench/peers/unix-echo.ts SOCKET REQUEST_BYTES RESPONSE_BYTES [SOCKET_BEHIND]     prints a line once it listens
 */
import { createServer, connect, type Socket } from "node:net";
import process from "node:process";

const [socketPath = "", requestBytes = "1", responseBytes = "1", behind] = process.argv.slice(2);
const response = Buffer.alloc(Number(responseBytes), 0x53);
const wanted = Number(requestBytes);

function echo(socket: Socket): void {
  let have = 0;
  socket.on("data", (chunk: Buffer) => {
    for (have += chunk.length; have >= wanted; have -= wanted) socket.write(response);
  });
}

function relay(socket: Socket, to: string): void {
  const next = connect(to);
  socket.on("data", (chunk: Buffer) => next.write(chunk));
  next.on("data", (chunk: Buffer) => socket.write(chunk));
  socket.once("close", () => next.destroy());
}

createServer((socket) => (behind === undefined ? echo(socket) : relay(socket, behind))).listen(socketPath, () =>
  process.stdout.write("ready\n"),
);
process.stdin.resume().once("end", () => process.exit(0));
