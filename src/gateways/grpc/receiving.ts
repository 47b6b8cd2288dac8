/**
 * How many requests of one principal are being received at once. A request is held in memory until it is whole, and a
 * client may leave thousands half sent: past the limit they wait, unread, in the sender's own buffers (HTTP/2 flow
 * control). A turn ends when the request is whole, refused or gone. Ordinary requests arrive whole and wait for nobody.
 */
import { ServerInterceptingCall, ServerListenerBuilder, type ServerInterceptor } from "@grpc/grpc-js";

interface Line {
  receiving: number;
  readonly waiting: (() => void)[];
}

/** `keyOf` names whose request it is, by the peer of its connection. */
export function receiveInTurn(keyOf: (peer: string) => string, receivingMax: number): ServerInterceptor {
  const lines = new Map<string, Line>();

  const enter = (key: string, go: (leave: () => void) => void): void => {
    const line = lines.get(key) ?? { receiving: 0, waiting: [] };
    lines.set(key, line);
    const leave = once(() => {
      const next = line.waiting.shift();
      if (next !== undefined) return next();
      line.receiving -= 1;
      if (line.receiving === 0) lines.delete(key);
    });
    if (line.receiving >= receivingMax) return void line.waiting.push(() => go(leave));
    line.receiving += 1;
    go(leave);
  };

  // A stream of requests is never whole: who serves it counts its streams.
  return (method, call) =>
    method.requestStream
      ? new ServerInterceptingCall(call)
      : new ServerInterceptingCall(call, {
          start: (next) =>
            enter(keyOf(call.getPeer()), (leave) => {
              let started = false;
              const listener = new ServerListenerBuilder()
                .withOnReceiveMetadata((metadata, go) => {
                  started = true;
                  go(metadata);
                })
                .withOnReceiveHalfClose((go) => {
                  leave();
                  go();
                })
                .withOnCancel(leave)
                .build();
              next(listener);
              // It was cancelled while it waited: grpc-js says nothing more of it.
              if (!started) leave();
            }),
        });
}

function once(act: () => void): () => void {
  let done = false;
  return () => {
    if (done) return;
    done = true;
    act();
  };
}
