/**
 * Greets a cell over a new link: it answers with a welcome in time, or is killed; and so is one whose link breaks, unless its
 * process turns out to have ended.
 */
import type { CellLoss, KernelEpoch } from "../base/index.ts";
import type { Cell } from "./cell.ts";
import { CellLink, type CellMessage, type Connect, type Welcome } from "./cell-link.ts";
import type { Timing } from "./timing.ts";

export interface GreetingListener {
  readonly welcome: (link: CellLink, welcome: Welcome) => void;
  readonly message: (link: CellLink, message: CellMessage, body: Uint8Array) => void;
  /** Its link is closed; `cell.ended` says how its process ended, if that is known already. */
  readonly closed: () => void;
  readonly kill: (loss: CellLoss) => void;
  /** This kernel lets go of all its links: what closes now is no cell's fault. */
  readonly isLeaving: () => boolean;
}

/** On a busy machine a process may take long to come up; one that burns its time without a heartbeat is ended by init sooner. */
const greetingMsMax = 15_000;
/** After its link closed a cell has this long to be reported dead before it is killed. */
const lingerMsMax = 1_000;

/** The cell's phase is `greeting` from now on; `welcome` moves it on. */
export function greet(
  cell: Cell,
  at: { readonly socket: string; readonly epoch: KernelEpoch },
  listener: GreetingListener,
  { timing, connect }: { readonly timing: Timing; readonly connect: Connect },
): void {
  const link = new CellLink(
    { ...at, cell: cell.number },
    {
      onWelcome: (welcome) => {
        cancel();
        listener.welcome(link, welcome);
      },
      onMessage: (message, body) => listener.message(link, message, body),
      onClosed: (closed) => {
        cancel();
        if (listener.isLeaving() || cell.phase.name === "lost") return;
        cell.suspects = link.busy;
        listener.closed();
        if (cell.ended !== undefined) return;
        const problem = closed.why === "ended" ? "it closed its connection" : closed.problem;
        if (closed.why === "protocol") return listener.kill({ type: "protocol", problem });
        // Most likely its process has just ended, and init is about to say how.
        timing.after(lingerMsMax, () => {
          if (cell.phase.name !== "lost" && !listener.isLeaving()) listener.kill({ type: "protocol", problem });
        });
      },
    },
    connect,
  );
  const cancel = timing.after(greetingMsMax, () => {
    listener.kill({ type: "protocol", problem: `no welcome within ${greetingMsMax} ms` });
  });
  cell.phase = { name: "greeting", link };
}
