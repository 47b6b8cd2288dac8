import { type Attack, attackBy } from "../attack.ts";

export const attack: Attack = {
  name: "prototype-references",
  what: "a reference whose prototype is changed for all others",
  source: attackBy(`
const reference = await this.lookup("neighbour");
try { Object.setPrototypeOf(reference, { name: "steady" }); } catch {}
try { Object.getPrototypeOf(reference).name = "steady"; } catch {}
return typeof (await (await this.lookup("neighbour")).call.add());
`),
  expects: { type: "answers", with: "number" },
};
