import { wireAttack } from "../wire-attack.ts";

export const attack = wireAttack("wire-deep-header", "a header nested four hundred thousand deep", {
  type: "loses_its_cell",
  by: ["broke the protocol: header is not JSON"],
});
