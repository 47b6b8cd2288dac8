import { wireAttack } from "../wire-attack.ts";

export const attack = wireAttack("wire-forged-chain", "calls with a forged chain of who waits", {
  type: "answers",
  with: "sent",
});
