import { wireAttack } from "../wire-attack.ts";

export const attack = wireAttack("wire-call-flood", "thirty thousand calls at once to a service that is not there", {
  type: "answers",
  with: "flooded",
});
