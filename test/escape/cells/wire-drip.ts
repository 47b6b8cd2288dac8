import { wireAttack } from "../wire-attack.ts";

export const attack = wireAttack("wire-drip", "a frame that never becomes whole, and then the end", {
  type: "loses_its_cell",
  by: ["it closed its connection"],
});
