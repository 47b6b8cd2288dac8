/** VerifyLog: whether the log is what it was. */
import { create } from "@bufbuild/protobuf";
import { VerifyLogResponseSchema } from "../../api/index.ts";
import { eventId, isRefusal } from "../../base/index.ts";
import { eventNumberOf, invalid } from "./fields.ts";
import type { UnaryHandler } from "./handler.ts";

export const verifyLog: UnaryHandler<"verifyLog"> = async (ports, _principal, request) => {
  const id = eventNumberOf("expected_id", request.expectedId, 0);
  if (isRefusal(id)) return id;
  const hash = request.expectedHash;
  if (hash !== "" && !/^[0-9a-f]{64}$/.test(hash)) return invalid("expected_hash", "must be 64 lower-case hex digits");
  if ((id === 0) !== (hash === "")) {
    return invalid(id === 0 ? "expected_id" : "expected_hash", "must be given with the other, or neither");
  }
  const found = await ports.events.verify(id === 0 ? undefined : { id: eventId(id), hash });
  if (isRefusal(found)) return found;
  return create(VerifyLogResponseSchema, {
    valid: found.valid,
    eventsChecked: BigInt(found.checked),
    headId: BigInt(found.headId),
    headHash: found.headHash,
    erased: BigInt(found.erased),
    firstBadId: BigInt(found.firstBad?.id ?? 0),
    problem: found.firstBad?.problem ?? "",
  });
};
