import { wireAttack } from "../wire-attack.ts";

export const attack = wireAttack("wire-garbage", "bytes that are no frame", {
  type: "loses_its_cell",
  by: ["broke the protocol: not a frame"],
});
