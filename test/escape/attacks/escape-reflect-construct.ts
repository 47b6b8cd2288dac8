import { type Attack, attackBy } from "../attack.ts";

export const attack: Attack = {
  name: "escape-reflect-construct",
  what: "objects of the engine, made with another's prototype",
  source: attackBy(`
const made = Reflect.construct(Promise, [() => {}], Function);
return [typeof made.constructor("return typeof process")(), made.constructor("return typeof process")()];
`),
  expects: { type: "answers", with: ["string", "undefined"] },
};
