import { type Attack, attackBy } from "../attack.ts";

export const attack: Attack = {
  name: "forge-references",
  what: "references written by hand into messages and results",
  source: attackBy(`
const said = [];
const make = [{ $service: 1 }, { $service: "steady" }, { $service: [0, "steady"] }, { $service: { name: "steady" } }, { $literal: { $service: 1 } }, { $service: -1 }, { $service: 1e9 }];
const neighbour = await this.lookup("neighbour");
for (const one of make) { try { await neighbour.call.add(one); said.push("passed"); } catch (error) { said.push(error.code); } }
return said.every((code) => code === "passed" || code === "NOT_SERIALIZABLE");
`),
  expects: { type: "answers", with: true },
};
