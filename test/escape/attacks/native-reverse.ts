import { type Attack, attackBy } from "../attack.ts";

export const attack: Attack = {
  name: "native-reverse",
  what: "a list of 2^53 places turned round by one native call",
  source: attackBy(`
Array.prototype.reverse.call({ length: 2 ** 53 - 1 });
`),
  expects: { type: "dies", of: "cpu_timeout", summary: /in attack/ },
  slow: true,
};
