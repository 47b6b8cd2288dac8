import { type Attack, guest, untilSaid } from "../attack.ts";

export const attack: Attack = {
  name: "flood-after",
  what: "messages to itself after no time that each expect two more",
  source: guest(`
code = "";
onMessage() {
  for (let i = 0; i < 2 && this.code === ""; i++) try { this.after(0, "again"); } catch (error) { this.code = error.code; }
}
attack() { this.after(0, "begin"); }
said() { return this.code; }
`),
  run: async (stage) => {
    await stage.call("attack");
    return untilSaid(stage, "said");
  },
  expects: { type: "answers", with: "QUOTA_EXCEEDED" },
};
