import { type Attack, attackBy } from "../attack.ts";

export const attack: Attack = {
  name: "loop-log-getter",
  what: "a log line of an object whose getter never returns",
  source: attackBy(`
console.log({ get x() { for (;;); } });
`),
  expects: { type: "dies", of: "cpu_timeout", summary: /in attack/ },
};
