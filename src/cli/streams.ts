/** Streams that outlive the kernel: one that breaks because its kernel ended goes on with the next kernel. */
import { setTimeout as wait } from "node:timers/promises";
import type { Context } from "./command.ts";

/** Longer than any restart; a Solo that stays away this long has stopped. */
const awayMsMax = 15_000;
const againAfterMs = 100;

/**
 * Yields what `open` streams, and opens again when the kernel was lost. `reached`: a Solo has answered this command already;
 * before that, nobody is waited for.
 */
export async function* throughRestarts<T>(
  context: Context,
  open: () => AsyncIterable<T>,
  reached: boolean,
): AsyncGenerator<T, void, undefined> {
  let answered = reached;
  let lostAt: number | undefined;
  for (;;) {
    try {
      for await (const item of open()) {
        if (lostAt !== undefined) context.out.note(context.out.paint.dim("  … and it answers again"));
        answered = true;
        lostAt = undefined;
        yield item;
      }
      return;
    } catch (error) {
      if (!answered || !isLoss(error) || context.signal.aborted) throw error;
      if (lostAt === undefined)
        context.out.note(context.out.paint.yellow("  … Solo does not answer; waiting for it …"));
      lostAt ??= performance.now();
      if (performance.now() - lostAt > awayMsMax) throw error;
      // An interruption ends the waiting; the next look sees it.
      await wait(againAfterMs, undefined, { signal: context.signal }).catch(() => undefined);
    }
  }
}

/** By its code alone: the client library need not be loaded to know. */
const isLoss = (error: unknown): boolean =>
  error instanceof Error && "code" in error && (error.code === "UNREACHABLE" || error.code === "STARTING");
