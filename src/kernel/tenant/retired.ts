/** A deleted tenant's cells are closed and its payloads erased: its name is free again. */
import type { Draft } from "../draft.ts";
import { deletionOf } from "../requests.ts";
import type { Input } from "../turn.ts";

export function retired(draft: Draft, input: Extract<Input, { readonly type: "retired" }>): void {
  const { tenant, through, count } = input;
  const cause = draft.state.retiring.get(tenant);
  if (cause === undefined) return;
  const deletion = deletionOf(draft.state.requests, tenant);
  // The node's own event: the tenant is gone.
  draft.record({
    type: "payload_erased",
    subject: tenant,
    actor: "solo",
    payload: { erased: tenant, through, count, ...(deletion === undefined ? {} : { deletion }) },
    cause,
  });
}
