import { listed, wireAttack } from "../wire-attack.ts";

export const attack = wireAttack(
  "wire-usage-beyond",
  "a usage larger by one than any may be, to whoever asks; an administrator lists all services",
  { type: "loses_its_cell", by: ["broke the protocol: message.usages"] },
  async (stage) => {
    await stage.call("attack");
    return listed(stage);
  },
);
