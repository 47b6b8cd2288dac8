import { wireAttack } from "../wire-attack.ts";

export const attack = wireAttack("wire-no-json", "a header that is no JSON", {
  type: "loses_its_cell",
  by: ["broke the protocol: header is not JSON"],
});
