import { type Attack, attackBy } from "../attack.ts";

export const attack: Attack = {
  name: "escape-then-hijack",
  what: "a getter named then on every object",
  source: attackBy(`
Object.defineProperty(Object.prototype, "then", { configurable: true, get() { return undefined; }, set() {} }); return { fine: 1 };
`),
  expects: { type: "answers", with: { fine: 1 } },
};
