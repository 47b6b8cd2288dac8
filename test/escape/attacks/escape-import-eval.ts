import { type Attack, attackBy } from "../attack.ts";

export const attack: Attack = {
  name: "escape-import-eval",
  what: "modules of Node, imported by code that is made while it runs",
  source: attackBy(`
const names = ["fs", "node:fs", "node:ffi", "isolated-vm", "/etc/passwd", "solo:main", "data:text/javascript,1"];
const load = [(name) => new Function("name", "return import(name)")(name), (name) => (0, eval)("(name) => import(name)")(name)];
const all = await Promise.all(names.flatMap((name) => load.map((by) => by(name).then(() => name, () => "refused"))));
return [...new Set(all)];
`),
  expects: { type: "answers", with: ["refused"] },
};
