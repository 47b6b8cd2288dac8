import { type Attack, doubling, guest, untilSaid } from "../attack.ts";

export const attack: Attack = {
  name: "flood-self",
  what: "messages to itself that each send two more, until that is refused",
  source: guest(`${doubling("this.self")} attack() { this.send(this.self, "begin"); }`),
  run: async (stage) => {
    await stage.call("attack");
    return untilSaid(stage, "said");
  },
  expects: { type: "answers", with: "MAILBOX_FULL" },
};
