import { type Attack, attackBy } from "../attack.ts";

export const attack: Attack = {
  name: "escape-import-meta",
  what: "what the module knows of itself",
  source: attackBy(`
return [typeof import.meta.url, typeof import.meta.resolve, typeof import.meta.dirname, Object.keys(import.meta).length];
`),
  expects: { type: "answers", with: ["undefined", "undefined", "undefined", 0] },
};
