import { type Attack, guest } from "../attack.ts";

export const attack: Attack = {
  name: "flood-mailbox",
  what: "more messages from a client than its mailbox holds, while it waits",
  source: guest(`
hang() { return new Promise(() => {}); } attack() {}
`),
  limits: { messageQueueLimit: 10 },
  run: async ({ cast }) => {
    await cast("hang");
    await Promise.allSettled(Array.from({ length: 200 }, () => cast("attack")));
  },
  expects: { type: "dies", of: "mailbox_overflow" },
};
