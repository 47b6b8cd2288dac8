import { type Attack, attackBy } from "../attack.ts";

export const attack: Attack = {
  name: "throw-looping-getter",
  what: "an error whose message never comes",
  source: attackBy(`
throw { get message() { for (;;); } };
`),
  expects: { type: "dies", of: "cpu_timeout", summary: /in attack/ },
};
