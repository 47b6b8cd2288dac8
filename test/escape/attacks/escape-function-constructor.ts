import { type Attack, attackBy } from "../attack.ts";

export const attack: Attack = {
  name: "escape-function-constructor",
  what: "code made from a text, which looks around",
  source: attackBy(`
return Function("return [typeof process, typeof require, typeof module, typeof globalThis.solo, typeof Deno, typeof Bun].join()")();
`),
  expects: { type: "answers", with: "undefined,undefined,undefined,undefined,undefined,undefined" },
};
