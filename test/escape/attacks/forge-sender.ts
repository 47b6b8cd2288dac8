import { type Attack, guest } from "../attack.ts";

export const attack: Attack = {
  name: "forge-sender",
  what: "a message to somebody who was never given to it, but looks like a reference",
  source: guest(`
attack() { this.send({ name: "victim/steady", call: {}, cast: {} }, 1); }
`),
  expects: { type: "dies", of: "crashed", summary: /send needs a reference/ },
};
