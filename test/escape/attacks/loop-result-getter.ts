import { type Attack, attackBy } from "../attack.ts";

export const attack: Attack = {
  name: "loop-result-getter",
  what: "a result with a getter that never returns",
  source: attackBy(`
return { get x() { for (;;); } };
`),
  expects: { type: "dies", of: "cpu_timeout", summary: /in attack/ },
};
