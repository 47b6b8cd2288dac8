import { type Attack, doubling, guest, untilSaid } from "../attack.ts";

const partner = guest(
  `onMessage(message, from) { for (let i = 0; i < 2; i++) try { this.send(from, message); } catch {} }`,
);

export const attack: Attack = {
  name: "flood-each-other",
  what: "two services that answer each message of the other with two, one of them whatever is refused",
  source: guest(`${doubling("from")} async attack() { this.send(await this.lookup("partner"), "begin"); }`),
  run: async (stage) => {
    await stage.admin.deploy({ tenantId: stage.tenantId, serviceId: "partner", code: Buffer.from(partner) });
    await stage.call("attack");
    return untilSaid(stage, "said");
  },
  expects: { type: "answers", with: "MAILBOX_FULL" },
};
