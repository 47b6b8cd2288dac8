/** Shutdown: its request is remembered, so that repeating it does not end the next boot of the node, too. */
import { type Refusal, refuse } from "../../base/index.ts";
import type { Draft } from "../draft.ts";
import { recall } from "../requests.ts";
import { type CommandInput, principalName, type Reply } from "../turn.ts";

export function shutDown(draft: Draft, { principal, request }: CommandInput<"shut_down">): Reply | Refusal {
  if (principal.role !== "admin") return refuse("NOT_ADMIN", { operation: "Shutdown" });
  const repeated = recall(draft.state.requests, request, draft.now);
  if (repeated !== undefined) return repeated;
  if (request !== undefined) {
    draft.record({
      type: "shutdown_requested",
      subject: "node",
      actor: principalName(principal),
      payload: { request },
    });
  }
  return { born: [], outcome: { name: "pending" }, repeated: false };
}
