import { wireAttack } from "../wire-attack.ts";

export const attack = wireAttack("wire-starts-others", "reports that lives have started that nobody placed there", {
  type: "answers",
  with: "flooded",
});
