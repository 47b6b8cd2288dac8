import { wireAttack } from "../wire-attack.ts";

export const attack = wireAttack("wire-prototype-header", "a header with a prototype in it", {
  type: "answers",
  with: "sent",
});
