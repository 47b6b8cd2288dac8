import { type Attack, attackBy } from "../attack.ts";

export const attack: Attack = {
  name: "reject-looping-proxy",
  what: "a rejection that nobody handles, with a proxy whose traps never return",
  source: attackBy(`
Promise.reject(new Proxy(new Error("x"), { get() { for (;;); }, getPrototypeOf() { for (;;); }, has() { for (;;); } }));
`),
  expects: { type: "dies", of: "cpu_timeout" },
};
