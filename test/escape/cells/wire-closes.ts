import { wireAttack } from "../wire-attack.ts";

export const attack = wireAttack("wire-closes", "the end of its connection, while its process goes on", {
  type: "loses_its_cell",
  by: ["it closed its connection"],
});
