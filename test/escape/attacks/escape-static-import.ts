import { type Attack, guest } from "../attack.ts";

export const attack: Attack = {
  name: "escape-static-import",
  what: "a module of Node, imported at the top",
  source: guest(
    `
attack() {}
`,
    `import fs from "fs"; console.log(fs);`,
  ),
  expects: { type: "is_not_built", with: "SYNTAX_ERROR" },
};
