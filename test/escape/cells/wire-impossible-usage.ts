import { wireAttack } from "../wire-attack.ts";

export const attack = wireAttack("wire-impossible-usage", "a usage of more memory than any machine has", {
  type: "loses_its_cell",
  by: ["broke the protocol: message.usages"],
});
