import { type Attack, attackBy } from "../attack.ts";

export const attack: Attack = {
  name: "throw-looping-proxy",
  what: "a proxy around an error, with traps that never return",
  source: attackBy(`
throw new Proxy(new Error("x"), { get() { for (;;); }, getPrototypeOf() { for (;;); }, has() { for (;;); }, ownKeys() { for (;;); } });
`),
  expects: { type: "dies", of: "cpu_timeout", summary: /in attack/ },
};
