/** The first deployment of a new tenant, into a cell that was warm: what is left of a jail's cost when nobody waits for it. */
import { tiers, type Tier } from "../../src/sandbox/index.ts";
import type { SoloClient } from "../../src/client/index.ts";
import { example, roomy, Solo } from "../../test/e2e/solo.ts";
import { type Figures, figures } from "../lib/measure.ts";
import { untilQuiet, untilWarm } from "../lib/pool.ts";
import type { Row } from "../lib/report.ts";
import { setting } from "../lib/settings.ts";

const rounds = setting("SOLO_BENCH_ROUNDS", 30);

export async function deployRows(): Promise<readonly Row[]> {
  const source = (await example("counter")).toString("utf8");
  const samples = new Map<Tier, { readonly first: number[]; readonly next: number[] }>();
  await using nodes = new AsyncDisposableStack();
  const opened: { readonly tier: Tier; readonly solo: Solo; readonly admin: SoloClient }[] = [];
  for (const tier of tiers) {
    const solo = await Solo.start({ config: roomy, args: ["--sandbox", tier] }).catch(() => undefined);
    if (solo === undefined) continue;
    nodes.use(solo);
    opened.push({ tier, solo, admin: await solo.client("admin") });
    samples.set(tier, { first: [], next: [] });
  }
  for (let round = 0; round < rounds; round++) {
    // Each is the first of a round as often as the others.
    const first = round % opened.length;
    for (const { tier, solo, admin } of [...opened.slice(first), ...opened.slice(0, first)]) {
      const tenantId = `t-${round}`;
      await untilWarm(solo, admin);
      await admin.createTenant({ tenantId });
      const timed = async (serviceId: string): Promise<number> => {
        const began = performance.now();
        await admin.deploy({ tenantId, serviceId, code: Buffer.from(`${source}\n// ${round} ${serviceId}\n`) });
        return performance.now() - began;
      };
      samples.get(tier)?.first.push(await timed("first"));
      await untilQuiet(solo);
      samples.get(tier)?.next.push(await timed("next"));
      // Its cell ends with it.
      await admin.deleteTenant({ tenantId });
    }
  }
  const rowsOf = (what: string, pick: "first" | "next"): readonly Row[] => {
    const found = [...samples].map(([tier, of]): readonly [Tier, Figures] => [tier, figures(of[pick])]);
    const plain = found.find(([tier]) => tier === "none")?.[1];
    return found.map(([tier, of]): Row => {
      const row = { what: `${what}, ${tier === "none" ? "no jail" : tier}`, unit: "ms", figures: of } as const;
      return tier === "none" || plain === undefined ? row : { ...row, peer: { what: "no jail", value: plain.p50 } };
    });
  };
  return [
    ...rowsOf("first deploy of a new tenant, warm cell", "first"),
    ...rowsOf("the next deploy in that cell", "next"),
  ];
}
