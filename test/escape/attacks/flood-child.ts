import { type Attack, doubling, guest, untilSaid } from "../attack.ts";

export const attack: Attack = {
  name: "flood-child",
  what: "messages of a process within the service to itself that each send two more",
  source: guest(
    `
async attack() { this.child = await this.spawn(Child); this.child.send("begin"); }
said() { return this.child.call.said(); }
`,
    `class Child extends Service { ${doubling("this.self")} }`,
  ),
  run: async (stage) => {
    await stage.call("attack");
    return untilSaid(stage, "said");
  },
  expects: { type: "answers", with: "MAILBOX_FULL" },
};
