import { type Attack, guest } from "../attack.ts";

export const attack: Attack = {
  name: "flood-busy-timer",
  what: "a timer that burns just less than it may, again and again",
  source: guest(`
attack() { setInterval(() => { const until = Date.now() + 150; while (Date.now() < until); }, 1); } alive() { return true; }
`),
  run: async ({ call }) => {
    await call("attack");
    return call("alive");
  },
  expects: { type: "answers", with: true },
};
