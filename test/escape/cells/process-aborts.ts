import { wireAttack } from "../wire-attack.ts";

export const attack = wireAttack("process-aborts", "an abort of its process", {
  type: "loses_its_cell",
  by: ["ended by SIGABRT"],
});
