import { type Attack, guest } from "../attack.ts";

export const attack: Attack = {
  name: "flood-self-for-ever",
  what: "messages to itself that each send two more, whatever is refused, and keep its mailbox full",
  source: guest(`
onMessage() { for (let i = 0; i < 2; i++) try { this.send(this.self, "again"); } catch {} }
attack() { this.send(this.self, "begin"); }
alive() { return true; }
`),
  limits: { messageQueueLimit: 1_000 },
  run: async ({ call }) => {
    await call("attack");
    return call("alive").catch(() => true);
  },
  expects: { type: "answers", with: true },
};
