import { type Attack, guest } from "../attack.ts";

export const attack: Attack = {
  name: "flood-self-uncaught",
  what: "messages to itself that each send two more, by one who does not expect to be refused",
  source: guest(`
onMessage() { for (let i = 0; i < 2; i++) this.send(this.self, "again"); }
attack() { this.send(this.self, "begin"); }
`),
  run: async ({ call }) => call("attack"),
  expects: { type: "dies", of: "crashed", summary: /a receiver's mailbox is full/ },
};
