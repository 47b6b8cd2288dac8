import { type Attack, attackBy } from "../attack.ts";

export const attack: Attack = {
  name: "reject-looping-getter",
  what: "a rejection that nobody handles, whose message never comes",
  source: attackBy(`
Promise.reject({ get message() { for (;;); } });
`),
  expects: { type: "dies", of: "cpu_timeout" },
};
