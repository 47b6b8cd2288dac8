import { type Attack, attackBy } from "../attack.ts";

export const attack: Attack = {
  name: "reject-throwing-getter",
  what: "a rejection that nobody handles, whose properties throw",
  source: attackBy(`
Promise.reject({ get message() { throw 1; }, get stack() { throw 2; }, get name() { throw 3; } });
`),
  expects: { type: "dies", of: "crashed", summary: /rejection/ },
};
