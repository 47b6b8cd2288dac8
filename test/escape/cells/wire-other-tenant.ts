import { wireAttack } from "../wire-attack.ts";

export const attack = wireAttack(
  "wire-other-tenant",
  "a second welcome, in which it is another tenant's and holds its services",
  { type: "answers", with: "sent" },
);
