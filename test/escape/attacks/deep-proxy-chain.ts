import { type Attack, attackBy } from "../attack.ts";

export const attack: Attack = {
  name: "deep-proxy-chain",
  what: "a chain of a hundred thousand proxies as a result",
  source: attackBy(`
let value = {}; for (let i = 0; i < 100_000; i++) value = new Proxy(value, {}); return value;
`),
  expects: { type: "dies", of: "crashed", summary: /RangeError/ },
};
