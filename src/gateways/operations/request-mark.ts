/** The request_id of a mutation, and the fingerprint that tells a repetition from another request under the same id. */
import { clone, toBinary, type DescMessage, type MessageShape } from "@bufbuild/protobuf";
import { parseRequestId, type Refusal, type TenantId } from "../../base/index.ts";
import type { RequestMark } from "../../kernel/index.ts";
import type { Ports } from "../ports.ts";
import { invalid } from "./fields.ts";

/** As `ports.command` takes it: `{}` if the request carries no id. */
export function markOf<D extends DescMessage>(
  ports: Ports,
  schema: D,
  request: MessageShape<D> & { readonly requestId: string },
  tenant: TenantId | undefined,
): { readonly request?: RequestMark } | Refusal {
  if (request.requestId === "") return {};
  const id = parseRequestId(request.requestId);
  if (id === undefined) return invalid("request_id", "must be 1–128 visible ASCII characters");
  const content = toBinary(schema, canonical(schema, request));
  return { request: { id, fingerprint: ports.artifacts.fingerprint([schema.typeName, tenant ?? "", content]) } };
}

/** What is asked, apart from how it was written: without the id, unknown fields and the order of maps. */
function canonical<D extends DescMessage>(schema: D, request: MessageShape<D>): MessageShape<D> {
  const copy = Object.assign(clone(schema, request), { requestId: "" }) as MessageShape<D> & Record<string, unknown>;
  delete copy.$unknown;
  for (const field of schema.fields) {
    if (field.fieldKind !== "map") continue;
    const entries = Object.entries(copy[field.localName] as Readonly<Record<string, unknown>>);
    Object.assign(copy, { [field.localName]: Object.fromEntries(entries.toSorted(([a], [b]) => (a < b ? -1 : 1))) });
  }
  return copy;
}
