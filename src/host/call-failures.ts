/** Why a call or a message that the host does not pass on goes nowhere, as the wire says it. */
import type { CallFailure } from "../wire/index.ts";
import type { Answer } from "./cell-link.ts";

export const failure = (code: CallFailure["code"], message: string): CallFailure => ({
  code,
  executed: "not_executed",
  message,
});

export const failed = (code: CallFailure["code"], message: string): Answer => ({ failure: failure(code, message) });

/** The life that it was for is over. */
export const ended: CallFailure = failure("SERVICE_NOT_RUNNING", "it ended");

/** Its cell is too busy to read what was sent to it before. */
export const choked: CallFailure = failure("OVERLOADED", "large messages wait for it to read them");

/** The same, of the result that the cell asked for itself. */
export const unreadResult: CallFailure = {
  ...choked,
  executed: "executed",
  message: "large results wait for it to read them",
};

/** Who asks has sent it again, and is answered there. */
export const overtaken: CallFailure = {
  code: "CALL_LOST",
  executed: "unknown",
  message: "its life ended, and it was sent again meanwhile",
};

export const shuttingDown = (executed: CallFailure["executed"]): CallFailure => ({
  code: "SHUTTING_DOWN",
  executed,
  message: "the node ends",
});

/** Tells what the state says: a crash must not be able to make it untrue. */
export const showsState = ({ code }: CallFailure): boolean =>
  code === "SERVICE_NOT_FOUND" || code === "SERVICE_NOT_RUNNING";

/** The cell has no such incarnation any more, and the call was not begun. */
export const isStale = (answer: Answer): boolean =>
  "failure" in answer && answer.failure.code === "SERVICE_NOT_RUNNING" && answer.failure.executed === "not_executed";
