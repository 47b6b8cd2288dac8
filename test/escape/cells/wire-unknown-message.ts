import { wireAttack } from "../wire-attack.ts";

export const attack = wireAttack("wire-unknown-message", "a message that only others may send", {
  type: "loses_its_cell",
  by: ["broke the protocol: message"],
});
