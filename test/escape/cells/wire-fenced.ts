import { wireAttack } from "../wire-attack.ts";

export const attack = wireAttack("wire-fenced", "the claim that a newer kernel is connected", {
  type: "answers",
  with: "sent",
});
