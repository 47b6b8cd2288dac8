/**
 * How much of its answers one principal may leave unread. An answer stands in the kernel's memory until its reader has taken
 * it, and a client may ask for thousands and read none: past the first limit its further requests wait, and are not begun;
 * what was begun before and is answered past the second gets a refusal in place of its answer. Streams wait for their
 * readers by themselves, message by message.
 */
import { ServerInterceptingCall, ServerListenerBuilder, type ServerInterceptor } from "@grpc/grpc-js";
import { withEvidence } from "../../api/index.ts";
import { refuse } from "../../base/index.ts";
import { errorOf } from "./handlers.ts";

export interface UnreadLimits {
  readonly waitBytes: number;
  readonly refuseBytes: number;
}

interface Reader {
  unread: number;
  readonly waiting: (() => void)[];
}

/** `keyOf` names whose request it is, by the peer of its connection. */
export function expectReaders(keyOf: (peer: string) => string, limits: UnreadLimits): ServerInterceptor {
  const readers = new Map<string, Reader>();

  const provide = (key: string): Reader => {
    const reader = readers.get(key) ?? { unread: 0, waiting: [] };
    readers.set(key, reader);
    return reader;
  };
  const taken = (key: string, bytes: number): void => {
    const reader = provide(key);
    reader.unread -= bytes;
    while (reader.waiting.length > 0 && reader.unread < limits.waitBytes) reader.waiting.shift()?.();
    if (reader.unread === 0 && reader.waiting.length === 0) readers.delete(key);
  };

  return (method, call) => {
    if (method.responseStream) return new ServerInterceptingCall(call);
    const key = keyOf(call.getPeer());
    let unread = 0;
    let over = false;
    return new ServerInterceptingCall(call, {
      start: (next) => {
        const begin = (): void =>
          next(
            new ServerListenerBuilder()
              // Said of every call: when its trailers are on their way behind all of its answer, or when it is gone.
              .withOnCancel(() => {
                over = true;
                if (unread > 0) taken(key, unread);
              })
              .build(),
          );
        if ((readers.get(key)?.unread ?? 0) < limits.waitBytes) begin();
        else provide(key).waiting.push(begin);
      },
      sendMessage: (message, next) => {
        // Nobody waits for it any more, and nothing more will be said of it.
        if (over) return;
        const bytes = Buffer.isBuffer(message) ? message.length : 0;
        const wanted = (readers.get(key)?.unread ?? 0) + bytes;
        if (wanted > limits.refuseBytes) {
          const size = { what: "What was not read of earlier answers", size: wanted, limit: limits.refuseBytes };
          // In place of the message, after which the call would be ended.
          return call.sendStatus(errorOf(withEvidence(refuse("TOO_LARGE", size), { executed: "executed" })));
        }
        unread += bytes;
        if (bytes > 0) provide(key).unread += bytes;
        next(message);
      },
    });
  };
}
