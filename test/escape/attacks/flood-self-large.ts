import { type Attack, guest, untilSaid } from "../attack.ts";

export const attack: Attack = {
  name: "flood-self-large",
  what: "large messages to itself that each send eight more: gigabytes, did the mailbox only count messages",
  source: guest(`
code = "";
onMessage(message) {
  for (let i = 0; i < 8 && this.code === ""; i++) try { this.send(this.self, message); } catch (error) { this.code = error.code; }
}
attack() { this.send(this.self, "x".repeat(1_000_000)); }
said() { return this.code; }
`),
  limits: { cpuTimeMs: 5_000 },
  run: async (stage) => {
    await stage.call("attack");
    return untilSaid(stage, "said");
  },
  expects: { type: "answers", with: "MAILBOX_FULL" },
};
