/** Cast: a message to a service, at most once; answered when it was handed over. */
import { create } from "@bufbuild/protobuf";
import { CastResponseSchema } from "../../api/index.ts";
import { isRefusal } from "../../base/index.ts";
import { principalName } from "../../kernel/index.ts";
import { absentTenant, aim, failureOf } from "./call.ts";
import type { UnaryHandler } from "./handler.ts";

export const cast: UnaryHandler<"cast"> = async (ports, principal, request) => {
  const aimed = aim(principal, request);
  if (isRefusal(aimed)) return aimed;
  if (!ports.isActive(aimed.at.tenant)) return absentTenant(ports, aimed.at.tenant);
  const failed = await ports.router.cast(aimed.at, aimed.args, principalName(principal));
  return failed === undefined ? create(CastResponseSchema) : failureOf(failed);
};
