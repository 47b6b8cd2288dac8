import { type Attack, attackBy } from "../attack.ts";

export const attack: Attack = {
  name: "throw-throwing-getter",
  what: "an error whose every property throws another",
  source: attackBy(`
throw { get message() { throw this; }, get name() { throw this; }, get stack() { throw this; } };
`),
  expects: { type: "dies", of: "crashed" },
};
