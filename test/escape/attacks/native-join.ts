import { type Attack, attackBy } from "../attack.ts";

export const attack: Attack = {
  name: "native-join",
  what: "a join over a billion holes",
  source: attackBy(`
new Array(2 ** 28).join("");
`),
  expects: { type: "dies", of: "cpu_timeout" },
  slow: true,
};
