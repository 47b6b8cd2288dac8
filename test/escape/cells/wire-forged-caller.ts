import { wireAttack } from "../wire-attack.ts";

export const attack = wireAttack("wire-forged-caller", "calls and casts in the name of lives that are not its own", {
  type: "answers",
  with: "sent",
});
