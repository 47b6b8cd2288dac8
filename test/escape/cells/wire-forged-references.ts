import { wireAttack } from "../wire-attack.ts";

export const attack = wireAttack(
  "wire-forged-references",
  "references to lives of another tenant, and to such as nobody has had yet",
  {
    type: "answers",
    with: "NOT_SERIALIZABLE",
  },
);
