import { wireAttack } from "../wire-attack.ts";

export const attack = wireAttack("wire-starts-again", "the report that it has started, twenty thousand times", {
  type: "answers",
  with: "flooded",
});
