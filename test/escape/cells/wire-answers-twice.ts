import { wireAttack } from "../wire-attack.ts";

export const attack = wireAttack("wire-answers-twice", "a thousand answers to one call", {
  type: "answers",
  with: "first",
});
