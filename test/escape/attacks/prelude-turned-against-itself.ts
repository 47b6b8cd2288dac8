import { type Attack, attackBy } from "../attack.ts";

export const attack: Attack = {
  name: "prelude-turned-against-itself",
  what: "what the language gives, replaced by loops that the prelude would run into",
  source: attackBy(`
const loop = () => { for (;;); };
const { defineProperty } = Object;
const doomed = [];
for (const holder of [Promise.prototype, Array.prototype, String.prototype, Function.prototype, Object, JSON, Reflect]) {
  for (const name of Reflect.ownKeys(holder)) if (name !== "constructor" && name !== "prototype") doomed.push([holder, name]);
}
for (let i = 0; i < doomed.length; i++) {
  try { defineProperty(doomed[i][0], doomed[i][1], { value: loop, configurable: true, writable: true }); } catch {}
}
return 7;
`),
  expects: { type: "answers", with: 7 },
};
