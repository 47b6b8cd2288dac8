import { wireAttack } from "../wire-attack.ts";

export const attack = wireAttack("wire-lying-usage", "usages beyond all bounds that nobody asked for", {
  type: "answers",
  with: "flooded",
});
