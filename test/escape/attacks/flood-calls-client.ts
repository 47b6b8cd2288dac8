import { type Attack, guest } from "../attack.ts";

export const attack: Attack = {
  name: "flood-calls-client",
  what: "five hundred calls at once from a client to one that is slow",
  source: guest(`
attack() { return new Promise((done) => setTimeout(() => done(1), 2)); }
`),
  limits: { messageQueueLimit: 50 },
  run: async ({ call }) => {
    const said = await Promise.allSettled(Array.from({ length: 500 }, () => call("attack")));
    return said.every((one) => one.status === "fulfilled" || String(one.reason).includes("holds 50 messages"));
  },
  expects: { type: "answers", with: true },
};
