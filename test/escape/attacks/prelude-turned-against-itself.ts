import { type Attack, attackBy } from "../attack.ts";

export const attack: Attack = {
  name: "prelude-turned-against-itself",
  what: "what the prelude uses after the attack is replaced with loops",
  source: attackBy(`
const loop = () => { for (;;); }; for (const holder of [Promise.prototype, Array.prototype, String.prototype, Function.prototype, Object, JSON, Reflect]) for (const name of Reflect.ownKeys(holder)) { if (name === "constructor" || name === "prototype") continue; try { Object.defineProperty(holder, name, { value: loop, configurable: true, writable: true }); } catch {} } 
`),
  expects: { type: "answers", with: undefined },
};
