import { wireAttack } from "../wire-attack.ts";

export const attack = wireAttack("wire-misshapen-references", "references that are none", {
  type: "loses_its_cell",
  by: ["broke the protocol: message"],
});
