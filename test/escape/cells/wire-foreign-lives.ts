import { wireAttack } from "../wire-attack.ts";

export const attack = wireAttack("wire-foreign-lives", "calls and casts to lives of another tenant, by their numbers", {
  type: "answers",
  with: "SERVICE_NOT_RUNNING",
});
