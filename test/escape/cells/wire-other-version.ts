import { wireAttack } from "../wire-attack.ts";

export const attack = wireAttack("wire-other-version", "a version of the protocol that does not exist", {
  type: "loses_its_cell",
  by: ["broke the protocol: protocol version 99"],
});
