import { type Attack, attackBy } from "../attack.ts";

export const attack: Attack = {
  name: "escape-shadow-realm",
  what: "another realm in the same isolate",
  source: attackBy(`
return [typeof ShadowRealm, typeof WebAssembly, typeof gc, typeof d8, typeof print];
`),
  expects: { type: "answers", with: ["undefined", "undefined", "undefined", "undefined", "undefined"] },
};
