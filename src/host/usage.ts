/** What incarnations use, as their cells say: a cell tells of nobody who is not in it. */
import type { IncarnationNumber } from "../base/index.ts";
import type { Usage } from "../wire/index.ts";
import type { Cell } from "./cell.ts";

const inspectMsMax = 250;

/** Of the named incarnations in these cells, or of all, as far as the cells answer in time. */
export async function usageIn(
  cells: readonly Cell[],
  incarnations?: readonly IncarnationNumber[],
): Promise<ReadonlyMap<IncarnationNumber, Usage>> {
  const asked = cells.flatMap(({ phase, held }) => {
    if (phase.name !== "open") return [];
    const here = incarnations?.filter((one) => held.has(one));
    if (here?.length === 0) return [];
    return [phase.link.inspect(inspectMsMax, here).then((all) => [...all].filter(([one]) => held.has(one)))];
  });
  return new Map((await Promise.all(asked)).flat());
}
