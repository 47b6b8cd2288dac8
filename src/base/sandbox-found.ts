/**
 * What was found of the operating system's sandbox by trying: told by init, read by kernels and commands; and how it is said
 * to people, everywhere in the same words.
 */
import { flag, listOf, type Of, optional, record, text } from "./shape.ts";

export const sandboxFoundShape = record({
  tier: text(40),
  layers: listOf(
    record({
      layer: text(64),
      active: flag,
      /** What was seen where it is missing, and what that means. */
      why: optional(text(2_000)),
      means: optional(text(400)),
    }),
    40,
  ),
  passedOver: listOf(record({ tier: text(40), why: text(4_000) }), 10),
});
export type SandboxFound = Of<typeof sandboxFoundShape>;

/** One line about one thing. */
export interface SandboxSaying {
  readonly about: string;
  readonly says: string;
  /** What to do about it; absent where all is well. */
  readonly remedy?: string;
}

/** `runs`: it is that of cells that run; else what a start would find. */
export function saySandboxFound({ tier, layers, passedOver }: SandboxFound, runs: boolean): readonly SandboxSaying[] {
  const active = layers.filter((each) => each.active).map(({ layer }) => layer);
  const why = passedOver.map((tried) => (tried.tier === "" ? tried.why : `${tried.tier}: ${tried.why}`)).join("; ");
  const about = "sandbox";
  if (tier === "none") {
    const none = runs
      ? {
          says: "NONE. Cells run WITHOUT an operating system sandbox: the V8 isolate is the only wall",
          remedy: "Deploy only code that you trust as you trust this user.",
        }
      : {
          says: "NONE. Nothing holds here, and solo start would refuse",
          remedy: "Install bubblewrap, or ask for what is named here.",
        };
    return [
      { about, says: `${none.says}${why === "" ? "" : ` (${why})`}`, remedy: none.remedy },
      ...sayMissing(layers),
    ];
  }
  return [
    { about, says: `${tier}: ${active.join(", ")}` },
    ...(why === "" ? [] : [{ about: "stronger sandbox", says: why, remedy: "Solo takes the strongest that holds." }]),
    ...sayMissing(layers),
  ];
}

const sayMissing = (layers: SandboxFound["layers"]): readonly SandboxSaying[] =>
  layers
    .filter((each) => !each.active)
    .map(({ layer, why = "", means = "" }) => ({
      about: `layer ${layer}`,
      says: `missing: ${why}`,
      remedy: `It means: ${means}.`,
    }));
