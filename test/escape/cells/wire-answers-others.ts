import { wireAttack } from "../wire-attack.ts";

export const attack = wireAttack("wire-answers-others", "answers to calls that it was never asked", {
  type: "answers",
  with: "sent",
});
