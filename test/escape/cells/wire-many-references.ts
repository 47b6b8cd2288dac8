import { wireAttack } from "../wire-attack.ts";

export const attack = wireAttack("wire-many-references", "a message with one reference too many", {
  type: "loses_its_cell",
  by: ["broke the protocol: message"],
});
