import { type Attack, attackBy } from "../attack.ts";

export const attack: Attack = {
  name: "escape-globals-replaced",
  what: "all that the language gives, replaced by what throws",
  source: attackBy(`
const evil = () => { throw new Error("polluted"); };
const spare = { constructor: 1, length: 1, name: 1, prototype: 1 };
const { defineProperty, getOwnPropertyNames } = Object;
const doomed = [];
const holders = [Array.prototype, Map.prototype, Set.prototype, String.prototype, RegExp.prototype, Promise, Math, Reflect, JSON, Date, Object, Function.prototype];
for (const holder of holders) for (const name of getOwnPropertyNames(holder)) if (spare[name] !== 1) doomed.push([holder, name]);
for (let i = 0; i < doomed.length; i++) {
  try { defineProperty(doomed[i][0], doomed[i][1], { value: evil, configurable: true, writable: true }); } catch {}
}
return 7;
`),
  expects: { type: "answers", with: 7 },
};
