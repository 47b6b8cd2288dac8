import { type Attack, attackBy } from "../attack.ts";

export const attack: Attack = {
  name: "escape-species",
  what: "a species that is put in the place of the prelude's own lists",
  source: attackBy(`
let caught = 0;
class Trap extends Array { constructor(...args) { super(...args); caught++; } }
Object.defineProperty(Array, Symbol.species, { get: () => Trap, configurable: true });
Object.defineProperty(Promise, Symbol.species, { get: () => { caught++; return Promise; }, configurable: true });
this.log.info("a", [1, 2, 3]);
this.send(this.self, { list: [1, 2] });
return caught;
`),
  expects: { type: "answers", with: 0 },
};
