import { type Attack, attackBy } from "../attack.ts";

export const attack: Attack = {
  name: "escape-constructor-chain",
  what: "the constructor of the constructor of all that the prelude gives",
  source: attackBy(`
const found = new Set();
const reference = await this.lookup("neighbour");
for (const start of [this, this.log, this.log.info, this.env, this.self, reference, reference.call, reference.call.add, console.log, setTimeout, queueMicrotask, Service, Refusal]) {
  for (const path of [["constructor", "constructor"], ["__proto__", "constructor", "constructor"]]) {
    let at = start;
    for (const step of path) at = at?.[step];
    if (typeof at === "function") found.add(String(at("return typeof process + typeof require")()));
  }
}
return [...found];
`),
  expects: { type: "answers", with: ["undefinedundefined"] },
};
