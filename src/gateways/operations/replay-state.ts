/** ReplayState: the state as it was, made again from the log. */
import { create } from "@bufbuild/protobuf";
import { plainObject, ReplayStateResponseSchema } from "../../api/index.ts";
import { isRefusal } from "../../base/index.ts";
import { sinceOf } from "./event.ts";
import { eventNumberOf, scopeOf } from "./fields.ts";
import type { UnaryHandler } from "./handler.ts";

export const replayState: UnaryHandler<"replayState"> = async (ports, principal, request, signal) => {
  const tenant = scopeOf(principal, request.tenantId);
  if (isRefusal(tenant)) return tenant;
  const event = eventNumberOf("event_id", request.eventId, 0);
  if (isRefusal(event)) return event;
  const since = await sinceOf(ports, principal);
  if (isRefusal(since)) return since;
  const found = await ports.events.stateAt(
    {
      ...(since === undefined ? {} : { since }),
      ...(event === 0 ? {} : { event }),
      ...(tenant === undefined ? {} : { tenant }),
    },
    signal,
  );
  if (isRefusal(found)) return found;
  return create(ReplayStateResponseSchema, { eventId: BigInt(found.event), state: plainObject(found.state) });
};
