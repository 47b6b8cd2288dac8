import { wireAttack } from "../wire-attack.ts";

export const attack = wireAttack("process-spins", "its only thread, taken for ever", {
  type: "loses_its_cell",
  by: ["without a heartbeat"],
});
