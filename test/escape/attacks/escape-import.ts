import { type Attack, attackBy } from "../attack.ts";

export const attack: Attack = {
  name: "escape-import",
  what: "modules of Node, imported while it runs",
  source: attackBy(`return import("node:fs");`),
  expects: { type: "is_not_built", with: "SYNTAX_ERROR" },
};
