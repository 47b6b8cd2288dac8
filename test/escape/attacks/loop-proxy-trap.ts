import { type Attack, attackBy } from "../attack.ts";

export const attack: Attack = {
  name: "loop-proxy-trap",
  what: "a proxy whose trap never returns",
  source: attackBy(`
return new Proxy({}, { get() { for (;;); } }).anything;
`),
  expects: { type: "dies", of: "cpu_timeout", summary: /in attack/ },
};
