import { type Attack, attackBy } from "../attack.ts";

export const attack: Attack = {
  name: "throw-revoked-proxy",
  what: "a proxy that was revoked, thrown",
  source: attackBy(`
const { proxy, revoke } = Proxy.revocable({}, {}); revoke(); throw proxy;
`),
  expects: { type: "dies", of: "crashed", summary: /crashed in message: Error: a thrown object that is no Error/ },
};
