import { wireAttack } from "../wire-attack.ts";

export const attack = wireAttack("wire-log-flood", "three hundred megabytes of log lines, with no meter in between", {
  type: "answers",
  with: "flooded",
});
