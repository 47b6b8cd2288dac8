import { wireAttack } from "../wire-attack.ts";

export const attack = wireAttack("wire-huge-frame", "a frame that says it has four billion bytes", {
  type: "loses_its_cell",
  by: ["broke the protocol: frame of"],
});
