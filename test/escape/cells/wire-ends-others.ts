import { wireAttack } from "../wire-attack.ts";

export const attack = wireAttack("wire-ends-others", "reports that the lives of others have ended, killed by admin", {
  type: "answers",
  with: "sent",
});
