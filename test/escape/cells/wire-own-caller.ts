import { wireAttack } from "../wire-attack.ts";

export const attack = wireAttack("wire-own-caller", "calls in its own name to another tenant's service", {
  type: "answers",
  with: "sent",
});
