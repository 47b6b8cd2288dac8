import { type Attack, attackBy } from "../attack.ts";

export const attack: Attack = {
  name: "escape-host-pollution",
  what: "results that carry a prototype to the client that reads them",
  source: attackBy(`
this.log.info(JSON.parse('{"__proto__": {"polluted": true}}'));
return JSON.parse('{"__proto__": {"polluted": true}, "constructor": {"prototype": {"polluted": true}}, "toString": 1, "then": 1, "length": -1}');
`),
  run: async ({ call }) => {
    await call("attack");
    // Here is the client. The cell is looked into by break-prototypes, the kernel's parsers by prototypes.test.ts.
    return "polluted" in {};
  },
  expects: { type: "answers", with: false },
};
