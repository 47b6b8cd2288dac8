/** Shutdown: the node ends, services first. Answered when they have ended, just before the gateways close. */
import { create } from "@bufbuild/protobuf";
import { ShutdownResponseSchema } from "../../api/index.ts";
import { isRefusal } from "../../base/index.ts";
import { principalName } from "../../kernel/index.ts";
import { countOf } from "./fields.ts";
import type { UnaryHandler } from "./handler.ts";

const secondsDefault = 30;
const secondsMax = 3_600;

export const shutdown: UnaryHandler<"shutdown"> = async (ports, principal, request) => {
  const seconds = countOf("timeout_seconds", request.timeoutSeconds, {
    otherwise: secondsDefault,
    min: 1,
    max: secondsMax,
  });
  if (isRefusal(seconds)) return seconds;
  const { tookMs, outcome } = await ports.node.shutdown(`asked by ${principalName(principal)}`, seconds * 1_000);
  return create(ShutdownResponseSchema, { actualShutdownTimeSeconds: Math.ceil(tookMs / 1_000), outcome });
};
