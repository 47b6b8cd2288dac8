/**
 * Which ends are normal, as a table that knows nothing of the function: OTP's normal, shutdown and {shutdown, _} are; so an end is
 * normal if it did its work, or if somebody with the right to it wanted it, and its supervisor does not start a `transient` child
 * again. An end that nobody wanted is abnormal, whoever's fault it was: https://www.erlang.org/doc/system/sup_princ.html#restart
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import * as base from "../../test/arbitraries/base.ts";
import { type Death, isAbnormal, sayDeath } from "./death.ts";
import { supervise } from "./supervision.ts";

type Kind = "normal" | "abnormal";

const kinds: { readonly [T in Exclude<Death["type"], "stopped">]: Kind } = {
  crashed: "abnormal",
  out_of_memory: "abnormal",
  cpu_timeout: "abnormal",
  startup_timeout: "abnormal",
  mailbox_overflow: "abnormal",
  limit_exceeded: "abnormal",
  /** Not its fault, but not its wish either: it has work left. */
  shed: "abnormal",
  /** Whoever may kill it wanted it gone, by force or not. */
  killed: "normal",
  /** It was to end, and did not as it was told: it was cut off in the middle of something. */
  shutdown_timeout: "abnormal",
  cell_lost: "abnormal",
};

/** Of those that ended on purpose: each purpose. */
const purposes: { readonly [W in Extract<Death, { readonly type: "stopped" }>["why"]]: Kind } = {
  normal: "normal",
  shutdown: "normal",
  sibling: "normal",
  tenant_deleted: "normal",
  replaced: "normal",
  escalated: "normal",
};

const kindOf = (death: Death): Kind => (death.type === "stopped" ? purposes[death.why] : kinds[death.type]);

test("an end that nobody wanted is abnormal, and every other is normal", () => {
  const seen = new Set<string>();
  fc.assert(
    fc.property(base.death, (death) => {
      seen.add(death.type === "stopped" ? death.why : death.type);
      assert.equal(isAbnormal(death), kindOf(death) === "abnormal", sayDeath(death));
    }),
    { numRuns: 1_000 },
  );
  assert.deepEqual([...seen].toSorted(), [...Object.keys(kinds), ...Object.keys(purposes)].toSorted());
});

test("permanent children start again after every end, transient ones after abnormal ones, temporary ones after none", () => {
  const spec = {
    strategy: "one_for_one",
    intensity: { restartsMax: 1, withinMs: 1 },
    backoff: { firstMs: 0, factor: 1, waitMsMax: 0 },
  } as const;
  const again = { permanent: [true, true], transient: [false, true], temporary: [false, false] } as const;
  for (const [restart, [normal, abnormal]] of Object.entries(again) as [keyof typeof again, [boolean, boolean]][]) {
    for (const kind of ["normal", "abnormal"] as const) {
      const { type } = supervise(spec, [{ id: 1, restart }], [], { child: 1, kind }, 0);
      assert.equal(type === "restart", kind === "normal" ? normal : abnormal, `${restart}, ${kind}`);
    }
  }
});
