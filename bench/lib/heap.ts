/**
 * What the kernel's heap holds when all that nobody needs has been collected: a leak is in it, a heap that waits to be collected
 * is not. Asked through the engine's own debugger, which Node opens at SIGUSR1.
 */
import { once } from "node:events";
import process from "node:process";
import { type Solo, until } from "../../test/e2e/solo.ts";

const openMsMax = 5_000;
/** A heap of gigabytes is collected in seconds. */
const answerMsMax = 60_000;

/** Bytes. Undefined where no debugger answers: its port may be another's. Throws if the kernel ends while it is asked. */
export async function kernelHeapBytes(solo: Solo): Promise<number | undefined> {
  process.kill(solo.kernelPid(), "SIGUSR1");
  const url = await until("the debugger's address", () => addressIn(solo) !== undefined, openMsMax).then(
    () => addressIn(solo),
    () => undefined,
  );
  if (url === undefined) return undefined;
  const socket = new WebSocket(url);
  const opened = await Promise.race([once(socket, "open").then(() => true), once(socket, "error").then(() => false)]);
  if (!opened) return undefined;
  try {
    // What the first one finalises, the second one collects.
    await ask(socket, 1, "HeapProfiler.collectGarbage");
    await ask(socket, 2, "HeapProfiler.collectGarbage");
    const { usedSize } = await ask(socket, 3, "Runtime.getHeapUsage");
    return typeof usedSize === "number" ? usedSize : undefined;
  } finally {
    socket.close();
  }
}

const addressIn = (solo: Solo): string | undefined =>
  [...solo.processLog.matchAll(/Debugger listening on (ws:\/\/[\w.:/-]+)/g)].at(-1)?.[1];

type Answer = Readonly<Record<string, unknown>>;

/** What a debugger answers. Throws if its process ends first, or takes too long. */
export async function ask(socket: WebSocket, id: number, method: string): Promise<Answer> {
  const over = new AbortController();
  try {
    return await new Promise<Answer>((resolve, reject) => {
      const { signal } = over;
      const fail = (why: string): void => reject(new Error(why));
      const gone = (): void => fail(`the process ended before it answered ${method}`);
      socket.addEventListener("close", gone, { signal });
      const late = setTimeout(() => fail(`${method} was not answered within ${answerMsMax} ms`), answerMsMax);
      signal.addEventListener("abort", () => clearTimeout(late));
      socket.addEventListener(
        "message",
        ({ data }) => {
          const answer = JSON.parse(String(data)) as { readonly id?: number; readonly result?: Answer };
          if (answer.id === id) resolve(answer.result ?? {});
        },
        { signal },
      );
      if (socket.readyState === WebSocket.OPEN) socket.send(JSON.stringify({ id, method }));
      else gone();
    });
  } finally {
    over.abort();
  }
}
