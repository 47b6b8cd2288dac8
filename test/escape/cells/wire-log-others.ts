import { wireAttack } from "../wire-attack.ts";

export const attack = wireAttack("wire-log-others", "log lines in the name of others", {
  type: "answers",
  with: "flooded",
});
