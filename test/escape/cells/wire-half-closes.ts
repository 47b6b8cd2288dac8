import { wireAttack } from "../wire-attack.ts";

export const attack = wireAttack("wire-half-closes", "the end of what it says, while it goes on to listen", {
  type: "loses_its_cell",
  by: ["it closed its connection"],
});
