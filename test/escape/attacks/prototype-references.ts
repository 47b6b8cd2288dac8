import { type Attack, attackBy } from "../attack.ts";

export const attack: Attack = {
  name: "prototype-references",
  what: "a prototype of references that is changed for all others",
  source: attackBy(`
const reference = await this.lookup("neighbour");
try { Object.getPrototypeOf(reference).name = "steady"; } catch {}
try { Object.defineProperty(Object.getPrototypeOf(reference), "name", { value: "steady" }); } catch {}
try { Object.prototype.service = "steady"; Object.prototype.target = "steady"; } catch {}
return typeof (await (await this.lookup("neighbour")).call.add());
`),
  expects: { type: "answers", with: "number" },
};
