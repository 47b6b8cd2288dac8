/** A cell ended, and with it all that lived in it. */
import type { TenantId } from "../../base/index.ts";
import type { Draft } from "../draft.ts";
import type { Input } from "../turn.ts";
import { ended } from "./supervise.ts";

export function cellLost(draft: Draft, input: Extract<Input, { readonly type: "cell_lost" }>): void {
  const { cell, tenant, loss, victims } = input;
  const living = tenant === undefined ? undefined : draft.state.index.living.get(tenant);
  const known = victims.filter(({ incarnation }) => living?.has(incarnation));
  // Reported before: its victims are dead already.
  if (victims.length > 0 && known.length === 0) return;
  const cause = draft.record({
    type: "cell_lost",
    ...(tenant === undefined ? {} : { tenant }),
    subject: `cell ${cell}`,
    actor: "solo",
    payload: { cell, loss, victims: known.length },
  });
  if (tenant === undefined) return;
  for (const victim of known) end(draft, tenant, victim);

  function end(into: Draft, of: TenantId, { incarnation, inFlight }: (typeof victims)[number]): void {
    const death = { type: "cell_lost", loss, inFlight: inFlight ? "yes" : "no" } as const;
    ended(into, { tenant: of, incarnation, death, started: false }, cause);
  }
}
