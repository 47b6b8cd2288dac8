import process from "node:process";
import { wireAttack } from "../wire-attack.ts";

export const attack = {
  ...wireAttack("process-forbidden-call", "a system call that no correct cell makes, where that is forbidden", {
    type: "loses_its_cell",
    by: ["sandbox violation: ended at a forbidden system call (SIGSYS)"],
  }),
  ...(process.platform === "linux" ? {} : { todo: "no sandbox here" }),
};
