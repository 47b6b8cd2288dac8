import { type Attack, attackBy } from "../attack.ts";

export const attack: Attack = {
  name: "loop-result-proxy",
  what: "a result that is a proxy with endless keys",
  source: attackBy(`
return new Proxy({}, { ownKeys() { for (;;); } });
`),
  expects: { type: "dies", of: "cpu_timeout", summary: /in attack/ },
};
