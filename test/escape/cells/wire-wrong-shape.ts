import { wireAttack } from "../wire-attack.ts";

export const attack = wireAttack("wire-wrong-shape", "a message with fields that it cannot have", {
  type: "loses_its_cell",
  by: ["broke the protocol: message"],
});
