/** Shutdown: the node ends, services first. Answered when they have ended, just before the gateways close. */
import { create } from "@bufbuild/protobuf";
import { ShutdownRequestSchema, ShutdownResponseSchema } from "../../api/index.ts";
import { isRefusal } from "../../base/index.ts";
import { principalName } from "../../kernel/index.ts";
import { countOf } from "./fields.ts";
import type { UnaryHandler } from "./handler.ts";
import { markOf } from "./request-mark.ts";

const secondsDefault = 30;
const secondsMax = 3_600;

export const shutdown: UnaryHandler<"shutdown"> = async (ports, principal, request) => {
  const seconds = countOf("timeout_seconds", request.timeoutSeconds, {
    otherwise: secondsDefault,
    min: 1,
    max: secondsMax,
  });
  if (isRefusal(seconds)) return seconds;
  const mark = markOf(ports, ShutdownRequestSchema, request, undefined);
  if (isRefusal(mark)) return mark;
  // A node that cannot write ends all the same, and remembers nothing of it.
  if (mark.request !== undefined && ports.node.readOnly() === undefined) {
    const reply = await ports.command({ principal, ...mark, command: { type: "shut_down" } });
    if (isRefusal(reply)) return reply;
    if (reply.repeated && "death" in reply.outcome) {
      return answer(reply.tookMs ?? 0, reply.outcome.death.type === "stopped" ? "clean" : "deadline");
    }
  }
  const { tookMs, outcome } = await ports.node.shutdown(`asked by ${principalName(principal)}`, seconds * 1_000);
  return answer(tookMs, outcome);
};

const answer = (tookMs: number, outcome: "clean" | "deadline") =>
  create(ShutdownResponseSchema, { actualShutdownTimeSeconds: Math.ceil(tookMs / 1_000), outcome });
