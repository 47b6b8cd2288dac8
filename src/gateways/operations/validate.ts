/** Validate: what Deploy would say of a source, without deploying it. */
import { create } from "@bufbuild/protobuf";
import { ValidateResponseSchema } from "../../api/index.ts";
import { isRefusal } from "../../base/index.ts";
import { diagnosticsOf, sourceOf } from "./compile.ts";
import { invalid, tenantOf } from "./fields.ts";
import type { UnaryHandler } from "./handler.ts";

export const validate: UnaryHandler<"validate"> = async (ports, principal, request) => {
  const tenant = tenantOf(principal, "");
  if (isRefusal(tenant)) return tenant;
  const { fileName } = request;
  if (!/^[A-Za-z0-9_.-]{0,128}$/.test(fileName))
    return invalid("file_name", "must be at most 128 of a-z A-Z 0-9 _ - .");
  const name = fileName === "" ? "service" : fileName;
  const source = sourceOf({ tenant, name, code: request.code, format: request.format });
  if (isRefusal(source)) return source;
  const built = await ports.builder.compile(source);
  if (isRefusal(built)) return built;
  const rejected = "rejected" in built;
  const diagnostics = [...diagnosticsOf(rejected ? built.rejected : built.warnings)];
  return create(ValidateResponseSchema, { valid: !rejected, diagnostics });
};
