import { wireAttack } from "../wire-attack.ts";

export const attack = wireAttack("wire-lying-usage", "usages as large as any may be, that nobody asked for", {
  type: "answers",
  with: "flooded",
});
