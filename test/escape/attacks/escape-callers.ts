import { type Attack, attackBy } from "../attack.ts";

export const attack: Attack = {
  name: "escape-callers",
  what: "the callers of a function of old",
  source: attackBy(`
function old() { return old.caller; }
const found = [];
for (const look of [() => new Function("return arguments.callee.caller")(), () => new Function("f", "return f.caller")(this.attack)]) {
  try { const caller = look(); found.push(caller === null || caller === undefined ? "nothing" : typeof caller.constructor("return process")); } catch (error) { found.push("refused"); }
}
return found.every((one) => one === "nothing" || one === "refused");
`),
  expects: { type: "answers", with: true },
};
