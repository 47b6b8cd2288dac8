import { type Attack, attackBy } from "../attack.ts";

export const attack: Attack = {
  name: "escape-getter-on-index",
  what: "setters on the indices of every list",
  source: attackBy(`
for (let i = 0; i < 600; i++) Object.defineProperty(Array.prototype, i, { configurable: true, get() { return undefined; }, set(value) { globalThis.caught = value; } }); this.log.info("x"); this.send(this.self, 1); return globalThis.caught === undefined;
`),
  expects: { type: "answers", with: true },
};
