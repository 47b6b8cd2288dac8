import { type Attack, attackBy } from "../attack.ts";

export const attack: Attack = {
  name: "escape-globals-replaced",
  what: "all that the language gives, replaced by what throws",
  source: attackBy(`
const evil = () => { throw new Error("polluted"); };
for (const holder of [Array.prototype, Map.prototype, Set.prototype, String.prototype, RegExp.prototype, Promise, Math, Reflect, JSON, Date]) {
  for (const name of Object.getOwnPropertyNames(holder)) {
    if (["constructor", "length", "name", "prototype"].includes(name)) continue;
    try { Object.defineProperty(holder, name, { value: evil, configurable: true, writable: true }); } catch {}
  }
}
return 7;
`),
  expects: { type: "answers", with: 7 },
};
