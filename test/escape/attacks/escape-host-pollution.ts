import { type Attack, attackBy } from "../attack.ts";

export const attack: Attack = {
  name: "escape-host-pollution",
  what: "results, errors and messages that carry a prototype to whoever reads them",
  source: attackBy(`
this.log.info(JSON.parse('{"__proto__": {"polluted": true}}'));
return JSON.parse('{"__proto__": {"polluted": true}, "constructor": {"prototype": {"polluted": true}}, "toString": 1, "then": 1, "length": -1}');
`),
  run: async ({ call }) => {
    await call("attack");
    return "polluted" in {};
  },
  expects: { type: "answers", with: false },
};
