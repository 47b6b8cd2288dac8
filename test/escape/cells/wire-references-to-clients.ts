import { wireAttack } from "../wire-attack.ts";

export const attack = wireAttack("wire-references-to-clients", "a reference in a result for a client", {
  type: "is_refused",
  with: "NOT_SERIALIZABLE",
});
