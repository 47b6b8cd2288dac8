import { wireAttack } from "../wire-attack.ts";

export const attack = wireAttack("process-exits", "the end of its process, as if all were well", {
  type: "loses_its_cell",
  by: ["exited with 0"],
});
