import { type Attack, guest } from "../attack.ts";

export const attack: Attack = {
  name: "flood-arguments",
  what: "arguments larger than any may be, from a client",
  source: guest(`
attack() {}
`),
  run: ({ call }) => call("attack", ["x".repeat(5_000_000)]),
  expects: { type: "is_refused", with: "TOO_LARGE" },
};
