import { type Attack, attackBy } from "../attack.ts";

export const attack: Attack = {
  name: "loop-json-result",
  what: "a result whose toJSON never returns",
  source: attackBy(`
return { toJSON() { for (;;); } };
`),
  expects: { type: "dies", of: "cpu_timeout", summary: /in attack/ },
};
